// Everybody who competes at one size: servers with crowds of their own, and the contenders that share inherited sockets. They take
// turns, round after round, in an order that rotates; who is not on turn sleeps.
import { closeSession, openSession, takeTurn as takeSessionTurn, turnsOf } from '../session.mjs';
import { openCrowd, takeTurn as takeCrowdTurn } from './crowd.mjs';
import { nativeProgram } from './native.mjs';
import { median } from './summary.mjs';

const rotated = (list, by) => list.map((_, i) => list[(i + by) % list.length]);

/** Why a contender on sockets cannot run here. */
function missing(name) {
  try {
    if (name.startsWith('multi')) nativeProgram('gst');
    return undefined;
  } catch (error) {
    return error.message.replaceAll('\n', ' ');
  }
}

function sessionTurn(o, parts, turn, run, seconds) {
  return takeSessionTurn(o, parts, turn, run, seconds).then(({ sent, seen, wrong, sends }) => ({
    contender: turn.name,
    cpuNs: sent.cpuNs,
    wallNs: sent.wallNs,
    bytes: seen.bytes,
    delivered: seen.bytes / (o.size * o.clients * (sent.planned ?? sent.frames)),
    sends,
    latency: seen.latency,
    wrong,
  }));
}

/**
 * `o`: clients, rate, size, container, gop, rounds, seconds; `servers`: [name, start, options of openCrowd]; `sockets`: names as in bench/session.mjs.
 * A server that does not start or cannot seat everybody is left out, and named in `absent` with the reason.
 * Returns rows of medians, by contender, and `turns`.
 */
export async function compete(o, say) {
  const crowds = [];
  const absent = [...(o.absent ?? [])];
  for (const [name, start, options] of o.servers) {
    try {
      crowds.push(await openCrowd(name, start, { ...o, ...options }));
    } catch (error) {
      absent.push({ contender: name, why: error.message });
      say(`${name} is not in this: ${error.message}`);
    }
  }
  const rivals = o.sockets.filter((name) => {
    const why = missing(name);
    if (why !== undefined) absent.push({ contender: name, why });
    return why === undefined;
  });
  const session = { loops: 1, flush: 0, base: 1000, sample: sampleOf(o), ...o, rivals };
  const parts = rivals.length > 0 ? await openSession(session) : undefined;
  let run = 1;
  const entries = [
    ...crowds.map((crowd) => ({ name: crowd.name, go: (seconds) => takeCrowdTurn(crowd, seconds) })),
    ...turnsOf(session).map((turn) => ({
      name: turn.name,
      go: (seconds) => sessionTurn(session, parts, turn, run++, seconds),
    })),
  ];
  const turns = [];
  try {
    for (const { go } of entries) await go(1); // warm-up: caches, JIT, TCP windows
    for (let round = 0; round < o.rounds; round++) {
      for (const { name, go } of rotated(entries, round)) {
        const turn = await go(o.seconds);
        turns.push({ round, ...turn });
        say(
          `${o.clients} clients, round ${round + 1}, ${name}: ${(turn.cpuNs / turn.wallNs).toFixed(3)} cores ${turn.wrong.join('; ')}`,
        );
      }
    }
  } finally {
    for (const crowd of crowds) await crowd.close();
    if (parts !== undefined) await closeSession(parts);
  }
  const rows = entries.map(({ name }) => summarise(name, turns, o));
  for (const crowd of crowds) {
    const row = rows.find(({ contender }) => contender === crowd.name);
    row.rssPerClient =
      (turns.findLast(({ contender }) => contender === crowd.name).rss - crowd.rssEmpty) / o.clients;
    row.dialMs = crowd.dialled.allMs;
  }
  return { options: describe(o), rows, absent, turns };
}

const sampleOf = (o) => Math.max(1, Math.floor(o.clients / 200));
const describe = ({ clients, rate, size, container, gop, rounds, seconds }) => {
  return { clients, rate, size, container, gop, rounds, seconds };
};

function summarise(name, all, o) {
  const turns = all.filter(({ contender }) => contender === name);
  const of = (pick) => median(turns.map(pick));
  return {
    contender: name,
    cores: of((t) => t.cpuNs / t.wallNs),
    nsPerByte: of((t) => t.cpuNs / Math.max(1, t.bytes)),
    nsPerByteMin: Math.min(...turns.map((t) => t.cpuNs / Math.max(1, t.bytes))),
    nsPerByteMax: Math.max(...turns.map((t) => t.cpuNs / Math.max(1, t.bytes))),
    megabytesPerCpuSecond: of((t) => (t.bytes * 1000) / t.cpuNs),
    delivered: of((t) => t.delivered),
    sendsPerFrame: of((t) => (t.sends * o.size) / Math.max(1, t.bytes)),
    p50Ms: of((t) => t.latency.p50Us) / 1000,
    p99Ms: of((t) => t.latency.p99Us) / 1000,
    maxMs: Math.max(...turns.map((t) => t.latency.maxUs)) / 1000,
    keyStarts: turns.at(-1)?.keyStarts,
    sampled: turns.at(-1)?.sampled,
    wrong: [...new Set(turns.flatMap((t) => t.wrong))],
  };
}
