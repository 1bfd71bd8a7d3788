// Radio: 128 kbit/s of MP3 for 1,000, 4,000 and 10,000 listeners. Servers are asked over HTTP and fed by an encoder's upload; GStreamer's
// sinks, a loop of socket.write() and the C floor get the same frames, made in their own process, on inherited sockets.
import { compete } from '../lib/field.mjs';
import { startFlumen } from '../rivals/flumen.mjs';
import { startIcecast } from '../rivals/icecast.mjs';
import { startNodeHttp } from '../rivals/node-http.mjs';

const frame = { rate: 38.28, size: 417, container: 'mp3' };
const sizes = [1000, 4000, 10_000];

const servers = [
  ['flumen-200', (o) => startFlumen({ ...o, flush: 200 })],
  ['flumen-500', (o) => startFlumen({ ...o, flush: 500 })],
  // Its backlog is five: more at once wait for a repeated SYN, and everybody gets in later than at this pace.
  ['icecast', startIcecast, { stops: true, pace: 300, mayFallBehind: true }],
  ['node-write', () => startNodeHttp({ way: 'write' }), { stops: true, chunked: true, mayFallBehind: true }],
  ['node-cork', () => startNodeHttp({ way: 'cork' }), { stops: true, chunked: true, mayFallBehind: true }],
];

/** multisocketsink needs seconds a frame from thousands of clients on. */
const tooSlow = {
  contender: 'multisocketsink',
  why: 'takes seconds a frame at this size and blocks its producer (bench:originals has the figures)',
};

export async function radio(o, say) {
  const sessions = [];
  for (const clients of o.clients ?? sizes) {
    const few = clients <= 1000;
    const sockets = ['floor-200', 'floor-500', 'multifdsink', ...(few ? ['multisocketsink'] : [])];
    const field = { ...frame, ...o, clients, servers, sockets, absent: few ? [] : [tooSlow] };
    const result = await compete(field, say);
    sessions.push({ ...result, checks: judge(clients, result) });
  }
  return { sessions };
}

const floorOf = (row, flush) => {
  const forms = [row(`floor-${flush}-burst`), row(`floor-${flush}-spread`)].filter(Boolean);
  return forms.toSorted((a, b) => a.nsPerByte - b.nsPerByte)[0];
};

/** What has been promised of these, by the issue that asked for the bench. */
function judge(clients, { rows }) {
  const row = (name) => rows.find(({ contender }) => contender === name);
  const checks = [];
  const ratio = (name, ours, rival, limit) => {
    if (ours && rival) checks.push({ what: name, value: ours.nsPerByte / rival.nsPerByte, limit });
  };
  const big = clients >= 10_000;
  for (const flush of [200, 500]) {
    const ours = row(`flumen-${flush}`);
    ratio(
      `CPU a byte, flumen-${flush} / C floor of the same cadence`,
      ours,
      floorOf(row, flush),
      big ? 1.15 : undefined,
    );
    const limit = flush === 500 ? 1 / 2.5 : 1;
    ratio(`CPU a byte, flumen-${flush} / Icecast`, ours, row('icecast'), big ? limit : undefined);
  }
  const ours = row('flumen-200');
  ratio('CPU a byte, flumen-200 / multifdsink', ours, row('multifdsink'), clients === 4000 ? 0.2 : undefined);
  ratio('CPU a byte, flumen-200 / multisocketsink', ours, row('multisocketsink'));
  ratio('CPU a byte, flumen-200 / node-write', ours, row('node-write'));
  ratio('CPU a byte, flumen-200 / node-cork', ours, row('node-cork'));
  const icecast = row('icecast');
  if (ours?.rssPerClient !== undefined && icecast?.rssPerClient !== undefined)
    checks.push({
      what: 'marginal RSS a client, bytes, against Icecast’s',
      value: ours.rssPerClient,
      limit: big ? icecast.rssPerClient : undefined,
    });
  return checks;
}
