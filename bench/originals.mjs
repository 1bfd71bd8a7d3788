// npm run bench:originals -- [options]: the sink against GStreamer's multifdsink and multisocketsink. See docs/bench.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from './lib/machine.mjs';
import { nativeProgram } from './lib/native.mjs';
import { pushFigures } from './lib/pushes.mjs';
import { median } from './lib/summary.mjs';
import { formatChecks, formatTable } from './lib/table.mjs';
import { runSession } from './session.mjs';

const usage = `usage: npm run bench:originals -- [options]
  --clients N    only this many receivers (default: 100, 1000, 4000, 9000, and 9000 once more at a frame every 2 s)
  --rounds N     interleaved rounds, medians of them count (default 3)
  --seconds S    length of a contender's turn (default 6)
  --rate N       pushes a second (default 38)
  --size BYTES   bytes a push, 64..8192 (default 417)
  --flush LIST   flush intervals of ours in ms (default 0 for all sizes, 0,200 from 4000 on)
  --sample N     check every byte of every n-th client (default: 200 clients)
  --skip LIST    leave out: multifdsink, multisocketsink
  --json FILE    write all figures there (default bench/results/originals.json)`;

const sizes = [100, 1000, 4000, 9000];
const fdSink = 'multifdsink';
const socketSink = 'multisocketsink';

function parse() {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const { values } = parseArgs({
    options: {
      clients: text('0'),
      rounds: text('3'),
      seconds: text('6'),
      rate: text('38'),
      size: text('417'),
      sample: text('0'),
      flush: text(''),
      skip: text(''),
      json: text('bench/results/originals.json'),
      help: { type: 'boolean', default: false },
    },
  });
  for (const name of ['clients', 'rounds', 'seconds', 'rate', 'size', 'sample']) {
    values[name] = Number(values[name]);
    if (!Number.isFinite(values[name]) || values[name] < 0)
      throw new RangeError(`--${name} must be a number of at least 0`);
  }
  const list = (value) => value.split(',').filter((word) => word !== '');
  return { ...values, flush: list(values.flush).map(Number), skip: list(values.skip) };
}

/** multisocketsink needs seconds a frame from thousands of clients on: one size shows that. */
function rivalsFor(clients, o) {
  let flushes = o.flush;
  if (flushes.length === 0) flushes = clients >= 4000 ? [0, 200] : [0];
  const originals = clients === 4000 && o.clients === 0 ? [fdSink] : [fdSink, socketSink];
  return [...flushes.map((ms) => `ours-${ms}`), ...originals.filter((name) => !o.skip.includes(name))];
}

function plan(o) {
  const common = { rounds: o.rounds, size: o.size, loops: 1, flush: 0, base: 1000 };
  const session = (clients, rate, seconds, rivals) => ({
    ...common,
    clients,
    rate,
    seconds,
    sample: o.sample || Math.max(1, Math.floor(clients / 200)),
    rivals,
  });
  const row = (clients) => session(clients, o.rate, o.seconds, rivalsFor(clients, o));
  if (o.clients > 0) return [row(o.clients)];
  const originals = [fdSink, socketSink].filter((name) => !o.skip.includes(name));
  // The slowest sink keeps up with a frame every two seconds: what a frame costs when each goes out by itself.
  return [...sizes.map(row), session(9000, 0.5, 12, ['ours-0', ...originals])];
}

/** One contender's turns in one session. A frame delivered is one frame that reached one client. */
function summarise(name, turns, o) {
  const of = (pick) => median(turns.map(pick));
  const delivered = (t) => t.seen.bytes / o.size;
  return {
    contender: name,
    wrong: turns.flatMap((t) => t.wrong),
    pushed: of((t) => t.sent.frames / t.sent.planned),
    deliveredPerSecond: of((t) => delivered(t) / (t.sent.wallNs / 1e9)),
    drainMs: of((t) => t.sent.drainNs / 1e6),
    cores: of((t) => t.sent.cpuNs / t.sent.wallNs),
    producer: of((t) => t.sent.mainNs / t.sent.wallNs),
    usPerPlanned: of((t) => t.sent.cpuNs / 1000 / (t.sent.planned * o.clients)),
    usPerDelivered: of((t) => t.sent.cpuNs / 1000 / Math.max(1, delivered(t))),
    sendsPerFrame: of((t) => t.seen.segments / Math.max(1, delivered(t))),
    p50Ms: of((t) => t.seen.latency.p50Us) / 1000,
    p99Ms: of((t) => t.seen.latency.p99Us) / 1000,
    maxMs: Math.max(...turns.map((t) => t.seen.latency.maxUs)) / 1000,
    push: pushFigures(turns.flatMap((t) => t.sent.pushNs)),
  };
}

/** Fell behind: frames were left out, or the last one's delivery took longer than the gap between frames (at least 250 ms). */
const saturated = (row, flush, rate) =>
  row.pushed < 0.995 || row.drainMs > Math.max(250, 1000 / rate) + flush;

/** The limits that the project has promised, by rival, flush interval of ours and number of clients. */
function promised(rival, flush, clients) {
  if (rival === fdSink && flush === 0) return 1;
  if (rival === fdSink && flush === 200) return { 4000: 0.2, 9000: 0.25 }[clients];
  return rival === socketSink && clients === 9000 ? 0.05 : undefined;
}

/** Per frame delivered: who kept the cadence delivered all of them, so for those it is per client and frame as well. */
function checksOf(rows, o) {
  const checks = [];
  for (const ours of rows.filter((row) => row.contender.startsWith('ours-'))) {
    const flush = Number(ours.contender.slice(5));
    for (const rival of rows.filter((row) => row.contender.startsWith('multi')))
      checks.push({
        what: `CPU per frame delivered, ${ours.contender} / ${rival.contender}${saturated(rival, 0, o.rate) ? ' (saturated)' : ''}`,
        value: ours.usPerDelivered / rival.usPerDelivered,
        limit: promised(rival.contender, flush, o.clients),
      });
  }
  return checks;
}

function summariseSession(turns, o) {
  const rows = o.rivals.map((name) =>
    summarise(
      name,
      turns.filter((t) => t.contender === name),
      o,
    ),
  );
  const wrong = rows.flatMap((r) => r.wrong.map((w) => `${r.contender}: ${w}`));
  return { options: o, rows, wrong, checks: checksOf(rows, o) };
}

const columns = [
  ['contender', (r) => r.contender],
  ['pushed %', (r) => (r.pushed * 100).toFixed(0)],
  ['delivered/s', (r) => r.deliveredPerSecond.toFixed(0)],
  ['drain ms', (r) => r.drainMs.toFixed(0)],
  ['cores', (r) => r.cores.toFixed(3)],
  ['of it producer', (r) => r.producer.toFixed(3)],
  ['us/client/frame', (r) => r.usPerPlanned.toFixed(2)],
  ['us/delivered', (r) => r.usPerDelivered.toFixed(2)],
  ['sends/frame', (r) => r.sendsPerFrame.toFixed(3)],
  ['p50 ms', (r) => r.p50Ms.toFixed(1)],
  ['p99 ms', (r) => r.p99Ms.toFixed(1)],
  ['max ms', (r) => r.maxMs.toFixed(1)],
  ['push p50 us', (r) => r.push.p50Us.toFixed(1)],
  ['p99.9 us', (r) => r.push.p999Us.toFixed(0)],
  ['longest us', (r) => r.push.maxUs.toFixed(0)],
];

function formatSession({ options: o, rows, wrong, checks }) {
  const late = rows.filter((row) =>
    saturated(row, row.contender.startsWith('ours-') ? Number(row.contender.slice(5)) : 0, o.rate),
  );
  return [
    `${o.clients} clients, ${o.rate} pushes/s of ${o.size} bytes, ${o.rounds} rounds of ${o.seconds} s`,
    formatTable(
      columns.map(([head]) => head),
      rows.map((row) => columns.map(([, cell]) => cell(row))),
    ),
    ...late.map(
      (row) =>
        `  saturated: ${row.contender} took ${(row.pushed * 100).toFixed(0)} % of the frames and needed ${row.drainMs.toFixed(0)} ms more to deliver them`,
    ),
    wrong.length === 0
      ? '  ok    every byte of every sampled client right, nobody dropped'
      : `  WRONG ${wrong.join('; ')}`,
    formatChecks(checks),
  ].join('\n');
}

async function main() {
  const o = parse();
  if (o.help) return console.log(usage);
  nativeProgram('gst'); // says what is missing before anything is measured
  const report = { machine: machine(), sessions: [] };
  for (const session of plan(o)) {
    const turns = await runSession(session, (t) =>
      process.stderr.write(
        `  ${session.clients} clients, round ${t.round + 1} ${t.contender}: ${(t.sent.cpuNs / t.sent.wallNs).toFixed(3)} cores ${t.wrong.join('; ')}\n`,
      ),
    );
    const summary = summariseSession(turns, session);
    console.log(`\n${formatSession(summary)}`);
    report.sessions.push({ ...summary, turns });
    if (summary.wrong.length > 0) process.exitCode = 1;
  }
  mkdirSync(dirname(o.json), { recursive: true });
  writeFileSync(o.json, `${JSON.stringify(report)}\n`);
  console.log(`\nall figures: ${o.json}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench:originals: ${error.message}`);
  process.exitCode = 2;
}
