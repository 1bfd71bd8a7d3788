// What could be set otherwise: io_uring or a system call a send, TCP_NOTSENT_LOWAT, SO_SNDBUF, a loop that stays on one core. Each variant has
// sockets of its own, and they take turns; what does not save a tenth anywhere is not worth an option of its own.
import { median } from '../lib/summary.mjs';
import { closeSession, openSession, takeTurn } from '../session.mjs';

const variant = (name, args = [], before = []) => ({ name, args, before });
const variants = [
  variant('as it comes'),
  variant('FLUMEN_IO=epoll', [], ['env', 'FLUMEN_IO=epoll']),
  variant('lowat 4 KiB', ['--lowat', '4096']),
  variant('lowat 128 KiB', ['--lowat', '131072']),
  variant('send buffer 32 KiB', ['--send-buffer', '32768']),
  variant('send buffer 256 KiB', ['--send-buffer', '262144']),
  variant('loop on core 1', ['--pin', '1']),
];

/** Radio with and without collected sends, and frames of a size where copying is what costs. */
const loads = [
  { title: 'radio', rate: 38.28, size: 417, flush: 200, clients: 2000 },
  { title: 'radio', rate: 38.28, size: 417, flush: 0, clients: 1000 },
  { title: 'video', rate: 25, size: 10_000, flush: 0, clients: 500 },
];

async function compareOne(load, o, say) {
  const fields = [];
  let run = 1;
  const turns = [];
  try {
    for (const entry of variants) {
      const sample = Math.max(1, Math.floor(load.clients / 100));
      const own = { loops: 1, base: 1000, sample, ...load, rivals: [`ours-${load.flush}`], variant: entry };
      fields.push({ entry, own, parts: await openSession(own) });
    }
    for (let round = -1; round < o.rounds; round++) {
      for (let i = 0; i < fields.length; i++) {
        const { entry, own, parts } = fields[(i + Math.max(0, round)) % fields.length];
        const turn = { name: own.rivals[0], rival: own.rivals[0], form: 'burst' };
        const { sent, seen, wrong } = await takeTurn(own, parts, turn, run++, round < 0 ? 1 : o.seconds);
        if (round < 0) continue; // warm-up
        turns.push({
          round,
          contender: entry.name,
          cpuNs: sent.cpuNs,
          wallNs: sent.wallNs,
          bytes: seen.bytes,
          latency: seen.latency,
          wrong,
        });
        say(
          `${load.title}, ${load.clients} clients, flush ${load.flush}, round ${round + 1}, ${entry.name}: ${(sent.cpuNs / sent.wallNs).toFixed(3)} cores`,
        );
      }
    }
  } finally {
    for (const { parts } of fields) await closeSession(parts);
  }
  return turns;
}

function rowOf(name, all) {
  const own = all.filter(({ contender }) => contender === name);
  const of = (pick) => median(own.map(pick));
  const usual = (turn) => all.find((t) => t.round === turn.round && t.contender === variants[0].name);
  const cost = (turn) => turn.cpuNs / Math.max(1, turn.bytes);
  return {
    contender: name,
    cores: of((t) => t.cpuNs / t.wallNs),
    nsPerByte: of(cost),
    // Of turns of the same round, so that what drifts with the machine drops out.
    ratio: of((t) => cost(t) / cost(usual(t))),
    p50Ms: of((t) => t.latency.p50Us) / 1000,
    p99Ms: of((t) => t.latency.p99Us) / 1000,
    wrong: [...new Set(own.flatMap((t) => t.wrong))],
  };
}

export async function tuning(o, say) {
  const sessions = [];
  for (const load of loads) {
    const turns = await compareOne(load, o, say);
    const rows = variants.map(({ name }) => rowOf(name, turns));
    sessions.push({ options: { ...load, ...o, clients: load.clients }, rows, absent: [], checks: [], turns });
  }
  return { sessions };
}
