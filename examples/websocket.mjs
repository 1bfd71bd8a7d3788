// Video over WebSocket into a <video>, a fraction of a second behind.   node examples/websocket.mjs 8000
// then open http://127.0.0.1:8000/. Needs ffmpeg.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { FdSource, MultiSocketSink } from 'flumen';

// A viewer begins with the newest key frame; who is two seconds behind goes on with the next one.
const sink = new MultiSocketSink({
  syncMethod: 'latest-keyframe',
  softLimit: { ms: 2000 },
  recoverPolicy: 'keyframe',
});

const input = '-re -f lavfi -i testsrc=size=320x240:rate=25';
const coding = '-c:v libx264 -profile:v baseline -pix_fmt yuv420p -tune zerolatency -g 25';
// A fragment for each picture: a message for each picture.
const output = '-f mp4 -movflags empty_moov+default_base_moof+frag_every_frame -';
const ffmpeg = spawn('ffmpeg', `-v error -nostdin ${input} ${coding} ${output}`.split(' '), {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const source = new FdSource(sink, { format: 'mp4' });
source.on('error', (error) => console.error(error.message));
source.attach(ffmpeg.stdout);

const page = `<!doctype html><title>Video</title><video autoplay muted controls></video><script>
  const video = document.querySelector('video');
  const media = new MediaSource();
  video.src = URL.createObjectURL(media);
  media.addEventListener('sourceopen', () => {
    const buffer = media.addSourceBuffer('video/mp4; codecs="avc1.42c00d"');
    const messages = [];
    const feed = () => {
      if (messages.length > 0 && !buffer.updating) buffer.appendBuffer(messages.shift());
    };
    buffer.addEventListener('updateend', () => {
      const ranges = video.buffered;
      const end = ranges.length > 0 ? ranges.end(ranges.length - 1) : 0;
      // The times count from the stream's start, not from ours; and a page that slept must catch up.
      if (end - video.currentTime > 1) video.currentTime = end;
      feed();
    });
    const socket = new WebSocket('ws://' + location.host + '/video');
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      messages.push(data);
      feed();
    });
  });
</script>`;

const server = http.createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end(page));
server.on('upgrade', (req, socket, head) => {
  const key = req.headers['sec-websocket-key'];
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
  socket.write(`Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
  // Pings and the close are answered natively; what a viewer says would come to `onData`.
  sink.add(socket, {
    framing: 'websocket',
    tag: req.socket.remoteAddress,
  });
});
server.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
