// Lists the mounts with a player each and keeps the list up to date. What encoders say about themselves is only ever
// put in as text.

const REFRESH_MS = 3000;
const $ = (id) => document.getElementById(id);
const items = new Map();

$('publish').textContent =
  `ffmpeg -re -f lavfi -i sine -f mp3 icecast://source:PASSWORD@${location.host}/live.mp3`;

function itemFor(path) {
  let item = items.get(path);
  if (item === undefined) {
    item = $('mount').content.firstElementChild.cloneNode(true);
    item.dataset.mount = path;
    const audio = item.querySelector('audio');
    audio.src = path;
    // A paused live stream is left, so that the next play joins what is on the air then.
    for (const name of ['pause', 'ended', 'error']) {
      audio.addEventListener(name, () => {
        audio.src = path;
      });
    }
    const link = item.querySelector('a');
    link.href = path;
    link.textContent = decodeURI(path);
    items.set(path, item);
    $('mounts').append(item);
  }
  return item;
}

// Writing the same text again would undo what somebody has selected.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(source) {
  const path = new URL(source.listenurl).pathname;
  const item = itemFor(path);
  const named = source.server_name !== 'Unspecified name';
  const described = source.server_description !== 'Unspecified description';
  say(item.querySelector('h2'), named ? source.server_name : decodeURI(path));
  say(item.querySelector('.about'), described ? source.server_description : '');
  const rate = source.bitrate === undefined ? '' : `, ${source.bitrate} kbit/s`;
  say(item.querySelector('.type'), source.server_type + rate);
  say(item.querySelector('.listeners'), `${source.listeners} listening`);
  return path;
}

async function refresh() {
  try {
    const response = await fetch('/status-json.xsl', { cache: 'no-store' });
    const { icestats } = await response.json();
    const sources = icestats.source === undefined ? [] : [icestats.source].flat();
    const paths = new Set(sources.map(show));
    for (const [path, item] of items) {
      if (paths.has(path)) continue;
      item.remove();
      items.delete(path);
    }
    $('empty').hidden = sources.length > 0;
    say(
      $('summary'),
      sources.length === 1 ? 'One stream on the air' : `${sources.length} streams on the air`,
    );
    say($('server'), icestats.server_id);
  } catch {
    say($('summary'), 'The server does not answer; trying again…');
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
