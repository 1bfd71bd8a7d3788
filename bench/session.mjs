// One session: N sockets of one load client, the rivals taking turns on them, round after round.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LinePeer } from './lib/lines.mjs';
import { nativeProgram } from './lib/native.mjs';
import { startChild, startLoad } from './lib/programs.mjs';

const script = (name) => fileURLToPath(new URL(`contenders/${name}.mjs`, import.meta.url));
const settleMs = 300;

/** `floor-500`: with a flush interval of its own. */
const flushOf = (name, o) => (name.includes('-') ? Number(name.split('-')[1]) : o.flush);

function argvOf(name, o) {
  const common = ['--clients', o.clients, '--base', o.base, '--rate', o.rate, '--size', o.size].map(String);
  const own = ['--flush', o.flush, '--loops', o.loops, '--stall-timeout', o.stallTimeout ?? 30_000].map(
    String,
  );
  if (o.variant !== undefined)
    return [...o.variant.before, process.execPath, script('ours'), ...common, ...own, ...o.variant.args];
  if (name === 'ours') return [process.execPath, script('ours'), ...common, ...own];
  if (name.startsWith('ours-'))
    return [
      process.execPath,
      script('ours'),
      ...common,
      ...own,
      '--flush',
      name.slice(5),
      '--time-pushes',
      '1',
    ];
  if (name === 'pusher') return [process.execPath, script('pusher'), ...common, ...o.pusher];
  if (name.startsWith('multi')) return [nativeProgram('gst'), '--element', name, ...common];
  if (name === 'naive') return [process.execPath, script('naive'), ...common];
  return [nativeProgram('floor'), ...common, '--flush', String(flushOf(name, o))];
}

/** The turns of one round: the floor has two forms where sends are collected. */
export function turnsOf(o) {
  const turns = [];
  for (const name of o.rivals) {
    if (name.startsWith('floor') && flushOf(name, o) > 0)
      turns.push(
        { name: `${name}-burst`, rival: name, form: 'burst' },
        { name: `${name}-spread`, rival: name, form: 'spread' },
        ...(o.liveFloor ? [{ name: `${name}-live`, rival: name, form: 'live' }] : []),
      );
    else turns.push({ name, rival: name, form: 'burst' });
  }
  return turns;
}

/** Starts hub, load client and rivals and connects everything. Parts: `load.peer` and `rivals` (by name) take commands. */
export async function openSession(o) {
  const argv = o.rivals.flatMap((name) => ['--', ...argvOf(name, o)]);
  const hub = startChild(
    nativeProgram('hub'),
    ['--clients', String(o.clients), '--base', String(o.base), ...argv],
    {
      stdio: ['pipe', 'pipe', 'inherit', ...o.rivals.map(() => 'pipe')],
    },
  );
  const hubPeer = new LinePeer('hub', hub.stdout, hub.stdin);
  const { port } = await hubPeer.next();
  const { clients, sample, stall = 0, loadOptions } = o;
  const load = startLoad({ port, clients, sample, stall, window: 500, ...loadOptions });
  const dialled = await load.peer.ask('dial');
  if (dialled.open !== o.clients)
    throw new Error(`only ${dialled.open} of ${o.clients} clients could connect: ${JSON.stringify(dialled)}`);
  await hubPeer.next();
  const rivals = new Map(
    o.rivals.map((name, i) => [name, new LinePeer(name, hub.stdio[3 + i], hub.stdio[3 + i])]),
  );
  const pids = new Map();
  for (const [name, peer] of rivals) pids.set(name, (await peer.next()).pid);
  return { hub, load, rivals, pids };
}

export async function closeSession({ hub, load, rivals }) {
  load.peer.tell('quit');
  for (const peer of rivals.values()) peer.tell('quit');
  await Promise.all([hub, load.child].map((child) => child.exitCode ?? once(child, 'exit')));
}

/** What the load client saw must be all of what the contender says it sent: each byte of each sampled client, and nobody missing. */
function verdict(o, sent, seen) {
  const wrong = [];
  const bytes = sent.frames * o.size;
  if (seen.reading !== o.clients) wrong.push(`${o.clients - seen.reading} clients gone`);
  if (seen.bad > 0) wrong.push(`${seen.bad} bad frames`);
  if (seen.gaps > 0) wrong.push(`${seen.gaps} gaps`);
  if (seen.frames !== sent.frames * seen.sampled)
    wrong.push(`${seen.frames} frames instead of ${sent.frames * seen.sampled}`);
  if (seen.bytesMin !== bytes || seen.bytesMax !== bytes)
    wrong.push(`${seen.bytesMin}..${seen.bytesMax} bytes a client instead of ${bytes}`);
  return wrong;
}

/** One turn of one rival, as run number `run`, which no other may have. */
export async function takeTurn(o, parts, turn, run, seconds) {
  await parts.load.peer.ask('mark');
  const sent = await parts.rivals.get(turn.rival).ask(`run ${run} ${seconds} ${turn.form}`);
  await setTimeout(settleMs);
  const seen = await parts.load.peer.ask('report');
  // A rival that could not keep the cadence is measured over the time it took.
  const wallNs = sent.frames < (sent.planned ?? 0) ? sent.wallNs : (sent.frames / o.rate) * 1e9;
  return {
    contender: turn.name,
    run,
    sent,
    seen,
    wrong: verdict(o, sent, seen),
    sends: seen.segments,
    sendsPerPush: seen.segments / (o.clients * Math.max(1, sent.frames)),
    cores: sent.cpuNs / wallNs,
    cpuPerSendUs: sent.cpuNs / 1000 / Math.max(1, seen.segments),
    cpuPerByteNs: sent.cpuNs / Math.max(1, seen.bytes),
  };
}

/**
 * Runs `o.rounds` interleaved rounds of `o.seconds` each over `o.clients` sockets and returns every turn's figures.
 * `onTurn` is called after each of them. Options: clients, rounds, seconds, flush (ms), rate (frames/s), size (bytes), loops,
 * sample (every n-th client is checked), base (first inherited fd), rivals (of 'ours', 'naive', 'floor', 'multifdsink', 'multisocketsink', and 'ours-200': ours with a
 * flush interval of its own, in ms, and every push timed), variant (of ours: words before `node`, more `args`), liveFloor (its
 * third form takes turns, too).
 */
export async function runSession(o, onTurn = () => {}) {
  const parts = await openSession(o);
  const turns = turnsOf(o);
  const results = [];
  let run = 1;
  try {
    for (const turn of turns) await takeTurn(o, parts, turn, run++, Math.min(1, o.seconds)); // warm-up: caches, JIT, TCP windows
    for (let round = 0; round < o.rounds; round++) {
      for (let i = 0; i < turns.length; i++) {
        const result = await takeTurn(o, parts, turns[(i + round) % turns.length], run++, o.seconds);
        results.push({ round, ...result });
        onTurn(results.at(-1));
      }
    }
  } finally {
    await closeSession(parts);
  }
  return results;
}
