// node bench/push.mjs [options]: what push() costs the thread that calls it, and what the removal of 9,000 clients costs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LinePeer } from './lib/lines.mjs';
import { machine } from './lib/machine.mjs';
import { nativeProgram } from './lib/native.mjs';
import { pushFigures } from './lib/pushes.mjs';
import { formatChecks, formatTable } from './lib/table.mjs';
import { formatRemoval, runRemoval } from './removal.mjs';
import { closeSession, openSession } from './session.mjs';

const usage = `usage: node bench/push.mjs [options]
  --pushes N   pushes of each kind a row (default 20000)
  --only LIST  only these rows, by number; 0 for none
  --stalled N  clients removed at once (default 9000), --healthy N who go on (default 1000); --stalled 0: leave it out
  --rounds N   how often that is done, each time with new clients (default 3)
  --json FILE  write all figures there (default bench/results/push.json)`;

/** The interval at which 10,000 clients can be served while pushes come every few milliseconds. */
const flush = 200;
const frameBytes = 64;
const segments = 10;
/** After so long a pause no client waits for its slot any more, and a push wakes the loop. */
const pauseMs = 300;
const pauses = 6;

/** keep: frames on the timeline. With 10,000 clients the pace is slower, or the loopback would be what is measured. */
const rows = [
  { clients: 0, keep: 10 },
  { clients: 0, keep: 100_000 },
  { clients: 100, keep: 10 },
  { clients: 100, keep: 100_000 },
  { clients: 10_000, keep: 10 },
  { clients: 10_000, keep: 100_000 },
  { clients: 10_000, keep: 100_000, burst: true },
  { clients: 100, keep: 10, flush: 0 },
].map((row, i) => ({ number: i + 1, flush, burst: false, gapMs: row.clients >= 1000 ? 2 : 1, ...row }));

function parse() {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const { values } = parseArgs({
    options: {
      pushes: text('20000'),
      only: text(''),
      stalled: text('9000'),
      healthy: text('1000'),
      rounds: text('3'),
      json: text('bench/results/push.json'),
      help: { type: 'boolean', default: false },
    },
  });
  for (const name of ['pushes', 'stalled', 'healthy', 'rounds']) {
    values[name] = Number(values[name]);
    if (!Number.isFinite(values[name]) || values[name] < 0)
      throw new RangeError(`--${name} must be a number of at least 0`);
  }
  const only = values.only === '' ? rows.map((row) => row.number) : values.only.split(',').map(Number);
  return { ...values, only };
}

/** A program that speaks lines and has no clients. */
async function startAlone(name, argv) {
  const child = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const peer = new LinePeer(name, child.stdout, child.stdin);
  await peer.next();
  const stop = async () => {
    peer.tell('quit');
    if (child.exitCode === null) await once(child, 'exit');
  };
  return { peer, stop };
}

async function startPusher(row) {
  const own = ['--flush', row.flush, '--keep', row.keep].map(String);
  if (row.burst) own.push('--burst');
  if (row.clients === 0) {
    const script = fileURLToPath(new URL('contenders/pusher.mjs', import.meta.url));
    return startAlone('pusher', [process.execPath, script, '--size', String(frameBytes), ...own]);
  }
  const session = await openSession({
    clients: row.clients,
    base: 1000,
    sample: Math.max(1, Math.floor(row.clients / 50)),
    rate: 38,
    size: frameBytes,
    rivals: ['pusher'],
    pusher: own,
  });
  return { peer: session.rivals.get('pusher'), load: session.load.peer, stop: () => closeSession(session) };
}

function wrongOf(row, sent, seen) {
  const bytes = sent.frames * frameBytes;
  const right =
    seen.reading === row.clients &&
    seen.bad === 0 &&
    seen.gaps === 0 &&
    seen.bytesMin === bytes &&
    seen.bytesMax === bytes;
  return right ? [] : [`row ${row.number}: ${JSON.stringify({ ...seen, expected: bytes })}`];
}

/** Ten segments of pushes and ten of bare eventfd writes by turns, so that both see the same machine. */
async function measureRow(row, pushes, bare) {
  const pusher = await startPusher(row);
  const all = {
    first: [],
    wake: [],
    none: [],
    clock: [],
    bare: [],
    paused: [],
    barePaused: [],
    ringPaused: [],
  };
  const wrong = [];
  let framesQueued = 0;
  const count = Math.ceil(pushes / segments);
  let run = 1;
  const ask = async (command) => {
    await setTimeout(200);
    await pusher.load?.ask('mark');
    const sent = await pusher.peer.ask(command);
    await setTimeout(200);
    const seen = await pusher.load?.ask('report');
    if (seen !== undefined) wrong.push(...wrongOf(row, sent, seen));
    return sent;
  };
  try {
    await pusher.peer.ask(`pairs ${run++} 1500 1`); // warm-up
    for (let i = 0; i < segments; i++) {
      const sent = await ask(`pairs ${run++} ${count} ${row.gapMs}`);
      for (const kind of ['first', 'wake', 'none', 'clock']) all[kind].push(...sent[kind]);
      framesQueued = sent.framesQueued;
      all.bare.push(...(await bare.ask(`write ${count} ${row.gapMs * 1000}`)).ns);
      all.paused.push(...(await ask(`singles ${run++} ${pauses} ${pauseMs}`)).wake);
      all.barePaused.push(...(await bare.ask(`write ${pauses} ${pauseMs * 1000}`)).ns);
      all.ringPaused.push(...(await pusher.peer.ask(`rings ${pauses} ${pauseMs}`)).wake);
    }
  } finally {
    await pusher.stop();
  }
  return {
    ...row,
    framesQueued,
    wrong,
    ...Object.fromEntries(Object.entries(all).map(([kind, samples]) => [kind, pushFigures(samples)])),
  };
}

const columns = [
  ['row', (r) => String(r.number)],
  ['clients', (r) => String(r.clients)],
  ['frames kept', (r) => `${r.framesQueued}${r.burst ? ' burst' : ''}`],
  ['flush ms', (r) => String(r.flush)],
  ...[
    ['none', 'second'],
    ['first', 'first'],
    ['wake', 'woke'],
    ['bare', 'eventfd'],
    ['paused', 'woke after 0.3 s'],
    ['barePaused', 'eventfd after 0.3 s'],
    ['ringPaused', 'eventfd by Node after 0.3 s'],
  ].flatMap(([kind, head]) => [
    [`${head}: n`, (r) => String(r[kind].count)],
    ['p50 us', (r) => r[kind].p50Us.toFixed(2)],
    ['p99.9', (r) => r[kind].p999Us.toFixed(1)],
    ['longest', (r) => r[kind].maxUs.toFixed(0)],
  ]),
  ['clock p50 us', (r) => r.clock.p50Us.toFixed(2)],
];

function formatRows(results) {
  const none = results.map((r) => r.none.p50Us);
  const checks = [
    { what: 'dearest median second push, us', value: Math.max(...none), limit: 3 },
    {
      what: 'dearest median push after a pause, above a bare eventfd write, us',
      value: Math.max(...results.map((r) => r.first.p50Us - r.bare.p50Us)),
      limit: 3,
    },
    {
      // Where most pushes wake: else those that do are the few that come after a longer pause, as measured next.
      what: 'dearest median push that woke a loop, above a bare eventfd write with the same gaps, us',
      value: Math.max(
        ...results.filter((r) => 2 * r.wake.count > r.first.count).map((r) => r.wake.p50Us - r.bare.p50Us),
      ),
      limit: 3,
    },
    {
      what: `dearest median push that woke a loop after ${pauseMs} ms, above a bare eventfd write after as long, us`,
      value: Math.max(...results.map((r) => r.paused.p50Us - r.barePaused.p50Us)),
      limit: 3,
    },
    {
      what: `the same, above a bare eventfd write that JavaScript calls after as long, us`,
      value: Math.max(...results.map((r) => r.paused.p50Us - r.ringPaused.p50Us)),
      limit: 3,
    },
    { what: 'dearest row / cheapest row, second push', value: Math.max(...none) / Math.min(...none) },
  ];
  const wrong = results.flatMap((r) => r.wrong);
  return [
    formatTable(
      columns.map(([head]) => head),
      results.map((r) => columns.map(([, cell]) => cell(r))),
    ),
    wrong.length === 0 ? '  ok    every client got every byte' : `  WRONG ${wrong.join('; ')}`,
    formatChecks(checks),
  ].join('\n');
}

async function main() {
  const o = parse();
  if (o.help) return console.log(usage);
  const report = { machine: machine(), rows: [], removal: null };
  const bare = await startAlone('eventfd', [nativeProgram('eventfd')]);
  for (const row of rows.filter((r) => o.only.includes(r.number))) {
    report.rows.push(await measureRow(row, o.pushes, bare.peer));
    process.stderr.write(`  row ${row.number} done\n`);
  }
  await bare.stop();
  if (report.rows.length > 0) console.log(formatRows(report.rows));
  if (o.stalled > 0) {
    report.removal = await runRemoval({ stalled: o.stalled, healthy: o.healthy, rounds: o.rounds });
    console.log(`\n${formatRemoval(report.removal)}`);
  }
  if (report.rows.some((r) => r.wrong.length > 0) || report.removal?.wrong.length > 0) process.exitCode = 1;
  mkdirSync(dirname(o.json), { recursive: true });
  writeFileSync(o.json, `${JSON.stringify(report, null, 1)}\n`);
  console.log(`\nall figures: ${o.json}`);
}

await main();
