// node bench/storm.mjs [--clients 10000]: everybody dials `flumen serve` at once; then memory per client and the steady state.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuNow, cpuSince } from './lib/cpu.mjs';
import { LinePeer } from './lib/lines.mjs';
import { tcpExt } from './lib/machine.mjs';
import { nativeProgram } from './lib/native.mjs';
import { formatChecks, formatTable } from './lib/table.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const path = '/bench.mp3';

async function startServer(o, password) {
  const args = [
    '--expose-gc',
    '--import',
    file('serve-probe.mjs'),
    file('../bin/flumen.js'),
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--flush-interval',
    String(o.flush),
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, FLUMEN_SOURCE_PASSWORD: password },
  });
  const lines = createInterface({ input: child.stdout });
  let port = 0;
  for await (const line of lines) {
    port = Number(/^listening on http:\/\/.*:(\d+)/.exec(line)?.[1] ?? 0);
    if (port > 0) break;
  }
  if (port === 0) throw new Error('flumen serve ended before it was listening');
  child.stdout.resume();
  const ask = async (question) => {
    child.send(question);
    return (await once(child, 'message'))[0];
  };
  return { child, port, ask };
}

async function startUploader(o, port, password) {
  const args = [file('uploader.mjs'), port, path, `source:${password}`, o.rate, o.size].map(String);
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await new LinePeer('uploader', child.stdout, child.stdin).next();
  return child;
}

function startLoad(o, port) {
  const args = { port, clients: o.clients, sample: o.sample, get: path, timeout: 60 };
  const child = spawn(
    nativeProgram('load'),
    Object.entries(args).flatMap(([key, value]) => [`--${key}`, String(value)]),
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  return { child, peer: new LinePeer('load', child.stdout, child.stdin) };
}

/** One storm, with what the kernel's accept queue thought of it. */
async function storm(name, load) {
  const before = tcpExt();
  const dialled = await load.peer.ask('dial');
  const after = tcpExt();
  const grown = (counter) => after[counter] - before[counter];
  return { name, ...dialled, listenOverflows: grown('ListenOverflows'), listenDrops: grown('ListenDrops') };
}

/** Everybody leaves; waits until the server has noticed. */
async function leave(load, server) {
  await load.peer.ask('drop');
  for (let i = 0; i < 300; i++) {
    if ((await server.ask('clients')).liveClients === 0) return;
    await setTimeout(100);
  }
  throw new Error('the server still has clients 30 s after all of them left');
}

async function steady(o, load, server) {
  await setTimeout(2000);
  await load.peer.ask('mark');
  await server.ask('watch');
  const cpu = cpuNow(server.child.pid);
  const begun = performance.now();
  await setTimeout(o.seconds * 1000);
  const used = cpuSince(cpu, server.child.pid);
  const wallNs = (performance.now() - begun) * 1e6;
  const delay = await server.ask('delay');
  const seen = await load.peer.ask('report');
  return { cores: used.cpuNs / wallNs, mainPercent: (used.mainNs / wallNs) * 100, delay, seen };
}

/** The other processes' life is ours: ended by their own pid. */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await Promise.race([once(child, 'exit'), setTimeout(5000).then(() => child.kill('SIGKILL'))]);
}

export async function runStorm(options) {
  const o = { rate: 38, size: 417, flush: 200, seconds: 10, ...options };
  o.sample ??= Math.max(1, Math.floor(o.clients / 200));
  const password = randomBytes(9).toString('hex');
  const server = await startServer(o, password);
  const children = [server.child];
  try {
    children.push(await startUploader(o, server.port, password));
    const load = startLoad(o, server.port);
    children.push(load.child);
    const pristine = await server.ask('memory');
    const storms = [await storm('cold', load)];
    await setTimeout(1000);
    await leave(load, server);
    const empty = await server.ask('memory');
    storms.push(await storm('warm', load));
    const state = await steady(o, load, server);
    const full = await server.ask('memory');
    await leave(load, server);
    const left = await server.ask('memory');
    return judge(o, { storms, pristine, empty, full, left, state });
  } finally {
    for (const child of children.reverse()) await stop(child);
  }
}

function judge(o, { storms, pristine, empty, full, left, state }) {
  const perClient = (pick, from = empty) => (pick(full) - pick(from)) / o.clients;
  const worst = (pick) => Math.max(...storms.map(pick));
  const { seen } = state;
  const right = seen.reading === o.clients && seen.bad === 0 && seen.gaps === 0 && seen.sampled > 0;
  return {
    options: o,
    storms,
    pristine,
    empty,
    full,
    left,
    state,
    right,
    checks: [
      { what: 'storm, first dial to last 200, ms (the slowest)', value: worst((s) => s.allMs), limit: 6000 },
      { what: 'not answered with 200', value: worst((s) => s.dialled - s.answered), limit: 0 },
      { what: 'JS heap a client, bytes', value: perClient((m) => m.heapUsed), limit: 300 },
      {
        what: 'native memory a client, bytes (own counter)',
        // Slots are kept for the next client: counted from before the first one came, or they would seem to cost nothing.
        value: perClient((m) => m.liveBytes, pristine),
        limit: 600,
      },
      { what: 'marginal RSS a client, bytes', value: perClient((m) => m.rss), limit: 1536 },
      { what: 'event loop delay p99 minus resolution, ms', value: state.delay.p99Ms, limit: 5 },
      { what: 'main thread CPU, %', value: state.mainPercent, limit: 2 },
      { what: 'listeners that missed something or left (0 or 1)', value: right ? 0 : 1, limit: 0 },
    ],
  };
}

export function formatStorm(r) {
  const ms = (us) => (us / 1000).toFixed(0);
  const mib = ({ rss }) => (rss / 2 ** 20).toFixed(1);
  const heads = [
    'storm',
    'all ms',
    'answered',
    'refused',
    'reset',
    'first byte p50',
    'p99',
    'max ms',
    'ListenOverflows',
    'ListenDrops',
  ];
  const rows = r.storms.map((s) =>
    [
      s.name,
      s.allMs.toFixed(0),
      s.answered,
      s.refused,
      s.reset,
      ms(s.firstByte.p50Us),
      ms(s.firstByte.p99Us),
      ms(s.firstByte.maxUs),
      s.listenOverflows,
      s.listenDrops,
    ].map(String),
  );
  const { state } = r;
  return [
    `flumen serve, ${r.options.clients} listeners dial at once, flush ${r.options.flush} ms`,
    formatTable(heads, rows),
    `  steady: ${state.cores.toFixed(3)} cores, main thread ${state.mainPercent.toFixed(2)} %, ${state.seen.frames} frames checked on ${state.seen.sampled} listeners,`,
    `  latency p50/p99/max ${ms(state.seen.latency.p50Us)}/${ms(state.seen.latency.p99Us)}/${ms(state.seen.latency.maxUs)} ms`,
    `  RSS ${mib(r.pristine)} MiB before anybody came, ${mib(r.empty)} after the first storm, ${mib(r.full)} in the second, ${mib(r.left)} after it`,
    formatChecks(r.checks),
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const { values } = parseArgs({
    options: { clients: text('10000'), flush: text('200'), seconds: text('10') },
  });
  const result = await runStorm({
    clients: Number(values.clients),
    flush: Number(values.flush),
    seconds: Number(values.seconds),
  });
  console.log(formatStorm(result));
  if (!result.right) process.exitCode = 1;
}
