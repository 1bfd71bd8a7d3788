// Churn: of 1,000 listeners 500 a second leave and as many come. What the newcomers wait for their answer, what the server pays,
// and whether those who stay miss anything.
import { cpuNow, cpuSince } from '../lib/cpu.mjs';
import { openCrowd, sleep, wake } from '../lib/crowd.mjs';
import { median } from '../lib/summary.mjs';
import { startFlumen } from '../rivals/flumen.mjs';
import { startIcecast } from '../rivals/icecast.mjs';
import { startNodeHttp } from '../rivals/node-http.mjs';

const rivals = [
  ['flumen-200', (o) => startFlumen({ ...o, flush: 200 })],
  ['icecast', startIcecast, { stops: true, pace: 300 }],
  ['node-write', () => startNodeHttp({ way: 'write' }), { stops: true, chunked: true, mayFallBehind: true }],
];
const perSecond = 500;

async function turn(crowd, seconds) {
  wake(crowd);
  await crowd.uploader.peer.ask('run 0.5');
  await crowd.load.peer.ask('mark');
  const { pid } = crowd.server.child;
  const cpu = cpuNow(pid);
  const streaming = crowd.uploader.peer.ask(`run ${seconds}`);
  const churned = await crowd.load.peer.ask(`churn ${perSecond} ${seconds}`);
  await streaming;
  const { cpuNs } = cpuSince(cpu, pid);
  const seen = await crowd.load.peer.ask('report');
  sleep(crowd);
  return {
    contender: crowd.name,
    cores: cpuNs / (seconds * 1e9),
    rate: (churned.churned / churned.tookMs) * 1000,
    failed: churned.failed / Math.max(1, churned.judged),
    p50Ms: churned.firstByte.p50Us / 1000,
    p99Ms: churned.firstByte.p99Us / 1000,
    maxMs: churned.firstByte.maxUs / 1000,
    wrong: seen.bad + seen.gaps === 0 ? [] : [`${seen.bad} bad frames, ${seen.gaps} gaps`],
  };
}

export async function churn(o, say) {
  const clients = o.clients?.[0] ?? 1000;
  const options = { rate: 38.28, size: 417, container: 'mp3', clients, sample: 10 };
  const crowds = [];
  const turns = [];
  try {
    for (const [name, start, more] of rivals)
      crowds.push(await openCrowd(name, start, { ...options, ...more }));
    for (let round = 0; round < o.rounds; round++) {
      for (const crowd of crowds) {
        const result = await turn(crowd, o.seconds);
        turns.push({ round, ...result });
        say(
          `churn, round ${round + 1}, ${crowd.name}: ${result.cores.toFixed(3)} cores, p99 ${result.p99Ms} ms`,
        );
      }
    }
  } finally {
    for (const crowd of crowds) await crowd.close();
  }
  const rows = rivals.map(([name]) => {
    const own = turns.filter(({ contender }) => contender === name);
    const of = (pick) => median(own.map(pick));
    return {
      contender: name,
      cores: of((t) => t.cores),
      rate: of((t) => t.rate),
      failed: of((t) => t.failed),
      p50Ms: of((t) => t.p50Ms),
      p99Ms: of((t) => t.p99Ms),
      maxMs: Math.max(...own.map((t) => t.maxMs)),
      wrong: [...new Set(own.flatMap((t) => t.wrong))],
    };
  });
  return { sessions: [{ options: { ...options, perSecond, ...o }, rows, absent: [], checks: [], turns }] };
}
