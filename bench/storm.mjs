// node bench/storm.mjs [--clients 10000]: everybody dials `flumen serve` at once; then memory per client and the steady state.
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuNow, cpuSince } from './lib/cpu.mjs';
import { tcpExt } from './lib/machine.mjs';
import { startLoad, startUploader, stopChild } from './lib/programs.mjs';
import { formatChecks, formatTable } from './lib/table.mjs';
import { startFlumen } from './rivals/flumen.mjs';

const path = '/bench.mp3';

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

export async function runStorm(options) {
  const o = { rate: 38, size: 417, flush: 200, seconds: 10, ...options };
  o.sample ??= Math.max(1, Math.floor(o.clients / 200));
  const password = randomBytes(9).toString('hex');
  const server = await startFlumen({ password, flush: o.flush });
  const children = [];
  try {
    const { port } = server;
    const uploader = await startUploader({
      ...{ port, path, auth: `source:${password}` },
      ...{ rate: o.rate, size: o.size },
    });
    children.push(uploader.child);
    uploader.peer.tell('forever');
    const load = startLoad({ port, clients: o.clients, sample: o.sample, get: path, timeout: 60 });
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
    for (const child of children.reverse()) await stopChild(child);
    await server.stop();
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
