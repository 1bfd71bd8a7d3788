// node bench/soak/soak.mjs [--hours N | --minutes N] [--clients 10000] [--churn 60] [--io epoll | uring] [--json FILE]: a server
// with everything that can happen to it, and whether anything of it grows, stays behind or sends a wrong byte. See docs/soak.md.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine } from '../lib/machine.mjs';
import { Crowd, ServerProcess } from './child.mjs';
import { Faults, SendFaults } from './faults.mjs';
import { formatSoak, judgeLeft, judgeSeries } from './report.mjs';
import { Source } from './source.mjs';

const mounts = ['/soak-0', '/soak-1', '/soak-2', '/soak-3'];
const weights = [30, 25, 15, 10];
const appWeight = 20;
const settleSeconds = 60;

const sum = (counts) =>
  counts.reduce((all, one) => {
    for (const [name, value] of Object.entries(one)) all[name] = (all[name] ?? 0) + value;
    return all;
  }, {});

/** One sample: what the server says of itself after a collection, and what the kernel says of it. */
async function look(server, begun, turns = 1) {
  const said = await server.ask('sample', { turns });
  const { Timeout, Immediate, ...handles } = said.handles;
  const handleCount = Object.values(handles).reduce((all, count) => all + count, 0);
  return { at: (performance.now() - begun) / 1000, ...said, handleCount, rss: server.rss, fds: server.fds };
}

/** Waits until `seen` of the newest sample is true, for at most a minute; gives the last one. */
async function settled(server, begun, seen) {
  const end = performance.now() + settleSeconds * 1000;
  for (;;) {
    const now = await look(server, begun, 5);
    if (seen(now) || performance.now() > end) return now;
    await setTimeout(500);
  }
}

async function allUp(sources) {
  for (let i = 0; i < 300 && !sources.every((source) => source.up); i++) await setTimeout(100);
  if (!sources.every((source) => source.up)) throw new Error('a source could not connect for 30 s');
}

/** Everything is used once, so that what is made at its first use counts as being there before. */
async function before(parts, begun) {
  const { crowd, server } = parts;
  await crowd.target(Math.min(200, parts.clients));
  await setTimeout(2000);
  await crowd.empty();
  return settled(server, begun, (s) => s.liveClients === 0 && s.handles.TCPSocketWrap === undefined);
}

async function stream(o, parts, begun) {
  const samples = [];
  const { server, crowd } = parts;
  const end = performance.now() + o.seconds * 1000;
  await crowd.target(o.clients);
  const faults = new Faults(parts, Math.min(1, o.seconds / 240));
  try {
    while (performance.now() < end) {
      const next = performance.now() + o.every * 1000;
      const report = await crowd.report();
      samples.push({ ...(await look(server, begun)), here: report.here });
      o.progress?.(samples.at(-1), report);
      if (Object.values(report.wrong).some((count) => count > 0)) break;
      await setTimeout(Math.max(0, next - performance.now()));
    }
  } finally {
    await faults.stop();
  }
  return { samples, faults: faults.counts };
}

async function run(o, parts) {
  const { server, crowd, sources, sends } = parts;
  const begun = performance.now();
  for (const source of sources) source.start();
  await allUp(sources);
  const base = await before(parts, begun);
  const from = (performance.now() - begun) / 1000;
  const { samples, faults } = await stream(o, parts, begun);
  await allUp(sources);
  const full = await crowd.report();
  await crowd.empty();
  const left = await settled(
    server,
    begun,
    (s) => s.liveClients === 0 && s.fds === base.fds && s.handleCount === base.handleCount,
  );
  const totals = await server.ask('totals');
  for (const source of sources) source.stop();
  const closed = await server.ask('close');
  const exitCode = await server.exited(5000);
  crowd.quit();
  // The first fifth, and at most ten minutes, is for buffers and pools that find their size; the crowd has to be there, too.
  const warm = Math.min(600, o.seconds / 5) + o.clients / o.ramp + 5;
  const counts = sum(sources.map((source) => source.counts));
  const facts = { base, left, closed, exitCode, samples, full, faults, totals, counts, sends: sends?.done };
  return judge(o, facts, from + warm);
}

function judge(o, f, judgedFrom) {
  const series = judgeSeries(f.samples, judgedFrom);
  const problems = [
    ...Object.entries(f.full.wrong).flatMap(([what, count]) => (count > 0 ? [`${what}: ${count}`] : [])),
    ...(series.length === 0 ? ['it broke off, or was too short, for growth to be judged'] : []),
    ...series.flatMap((s) => (s.grows ? [`${s.name} grows`] : [])),
    ...judgeLeft(f.base, f.left, f.closed, f.exitCode),
  ];
  return {
    machine: machine(),
    options: o,
    seconds: f.samples.at(-1).at,
    judgedFrom,
    crowd: f.full,
    server: f.totals,
    faults: f.faults,
    sends: f.sends,
    sources: f.counts,
    series,
    problems,
    before: f.base,
    left: f.left,
    closed: f.closed,
    samples: f.samples,
  };
}

export async function runSoak(options) {
  const o = { clients: 10_000, churn: 60, ramp: 500, io: 'epoll', ...options };
  o.every ??= o.seconds >= 300 ? 5 : 1;
  const password = randomBytes(9).toString('hex');
  // A ring takes sends past the library that lets them fail.
  const sends = o.io === 'epoll' ? new SendFaults() : undefined;
  let crowd;
  try {
    const { io, preload } = o;
    const server = await ServerProcess.start({ password, io, faultsFile: sends?.file, preload });
    const { port, appPort } = server;
    const places = mounts.map((path, i) => ({ port, path, weight: weights[i], titles: true }));
    places.push({ port: appPort, path: '/app', weight: appWeight, titles: false });
    crowd = new Crowd({ ...o, places });
    const sources = mounts.map((path) => new Source(port, path, password));
    const parts = {
      server,
      crowd,
      sources,
      sends,
      password,
      mounts,
      reloaded: mounts.at(-1),
      clients: o.clients,
    };
    try {
      return await run(o, parts);
    } finally {
      for (const source of sources) source.stop();
      await server.exited(0);
    }
  } finally {
    crowd?.quit();
    sends?.remove();
  }
}

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    hours: text,
    minutes: text,
    clients: text,
    churn: text,
    ramp: text,
    io: text,
    json: text,
    preload: text,
  },
});
const asked = Object.entries(values).filter(([name]) => ['clients', 'churn', 'ramp'].includes(name));
const seconds = values.hours === undefined ? Number(values.minutes ?? 60) * 60 : Number(values.hours) * 3600;
const knownIo = [undefined, 'epoll', 'uring'].includes(values.io);
if (!(seconds > 0) || !knownIo || asked.some(([, value]) => !(Number(value) > 0))) {
  const all = '[--hours N | --minutes N] [--clients N] [--churn N] [--io epoll | uring] [--json FILE]';
  console.error(`usage: npm run soak -- ${all}`);
  process.exit(2);
}
const result = await runSoak({
  seconds,
  ...Object.fromEntries(asked.map(([name, value]) => [name, Number(value)])),
  ...(values.io === undefined ? {} : { io: values.io }),
  ...(values.preload === undefined ? {} : { preload: values.preload }),
  progress: (s, { wrong }) => {
    const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
    const line = `${s.at.toFixed(0)} s: ${s.here} here, RSS ${mib(s.rss)}, heap ${mib(s.heap)}, native ${mib(s.liveBytes)} MiB, ${s.fds} fds`;
    console.error(`${line}, wrong ${Object.values(wrong).reduce((a, b) => a + b)}`);
  },
});
if (values.json !== undefined) {
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, JSON.stringify(result));
}
console.log(formatSoak(result));
process.exitCode = result.problems.length > 0 ? 1 : 0;
