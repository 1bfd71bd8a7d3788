// Video: 2 Mbit/s of WebM, a key frame a second, for 500, 1,000 and 2,000 viewers, who must be given the header and start on a key frame.
// The contenders on inherited sockets get the same frames without the container.
import { compete } from '../lib/field.mjs';
import { startFlumen } from '../rivals/flumen.mjs';
import { startIcecast } from '../rivals/icecast.mjs';
import { startNodeHttp } from '../rivals/node-http.mjs';

const frame = { rate: 25, size: 10_000, container: 'webm', gop: 25 };
const sizes = [500, 1000, 2000];

const servers = [
  ['flumen-0', (o) => startFlumen({ ...o, flush: 0 })],
  ['flumen-200', (o) => startFlumen({ ...o, flush: 200 })],
  ['icecast', startIcecast, { stops: true, pace: 300 }],
  // It knows nothing of headers: who comes later could not play anything.
  ['node-write', () => startNodeHttp({ way: 'write' }), { stops: true, chunked: true, mayFallBehind: true }],
];

export async function video(o, say) {
  const sessions = [];
  for (const clients of o.clients ?? sizes) {
    const field = { ...frame, ...o, clients, servers, sockets: ['floor-0', 'multifdsink', 'naive'] };
    const result = await compete(field, say);
    sessions.push({ ...result, checks: judge(result) });
  }
  return { sessions };
}

function judge({ rows }) {
  const whole = rows.filter(({ delivered }) => delivered > 0.995);
  const ours = rows.filter(({ contender }) => contender.startsWith('flumen'));
  const best = (some) => some.toSorted((a, b) => b.megabytesPerCpuSecond - a.megabytesPerCpuSecond)[0];
  const rivals = whole.filter(({ contender }) => !/^(flumen|floor)/.test(contender));
  const checks = [];
  if (ours.length > 0 && rivals.length > 0) {
    const [mine, theirs] = [best(ours), best(rivals)];
    checks.push({
      what: `CPU a byte, ${mine.contender} / the best rival (${theirs.contender})`,
      value: theirs.megabytesPerCpuSecond / mine.megabytesPerCpuSecond,
      limit: 1,
    });
  }
  const floor = rows.find(({ contender }) => contender === 'floor-0');
  if (ours[0] && floor)
    checks.push({ what: 'CPU a byte, flumen-0 / C floor', value: ours[0].nsPerByte / floor.nsPerByte });
  for (const row of ours)
    checks.push({
      what: `viewers of ${row.contender} that did not begin with a key frame`,
      value: row.sampled - row.keyStarts,
      limit: 0,
    });
  return checks;
}
