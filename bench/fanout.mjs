// npm run bench:fanout -- --clients 10000 [options]: see docs/bench.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from './lib/machine.mjs';
import { summariseSession } from './lib/summary.mjs';
import { formatSession } from './lib/table.mjs';
import { runSession } from './session.mjs';
import { formatStorm, runStorm } from './storm.mjs';

const usage = `usage: npm run bench:fanout -- [options]
  --clients N    receivers (default 10000)
  --rounds N     interleaved rounds, medians of them count (default 5)
  --seconds S    length of a contender's turn (default 6)
  --flush MS     the sink's flushInterval (default 200)
  --rate N       pushes a second (default 38)
  --size BYTES   bytes a push, 64..8192 (default 417)
  --loops N      loop threads of ours (default 1)
  --sample N     check every byte of every n-th client (default: 200 clients)
  --skip LIST    leave out: ours, naive, floor, storm
  --only LIST    with --matrix: only these rows (a, b, c1, c2, c3)
  --matrix       run all the combinations the project has promised figures for
  --json FILE    write all figures there (default bench/results/fanout.json)`;

const text = (fallback) => ({ type: 'string', default: fallback });

function parse() {
  const { values } = parseArgs({
    options: {
      clients: text('10000'),
      rounds: text('5'),
      seconds: text('6'),
      flush: text('200'),
      rate: text('38'),
      size: text('417'),
      loops: text('1'),
      sample: text('0'),
      skip: text(''),
      only: text(''),
      json: text('bench/results/fanout.json'),
      matrix: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  for (const name of ['clients', 'rounds', 'seconds', 'flush', 'rate', 'size', 'loops', 'sample']) {
    values[name] = Number(values[name]);
    if (!Number.isFinite(values[name]) || values[name] < 0)
      throw new RangeError(`--${name} must be a number of at least 0`);
  }
  const list = (value) => value.split(',').filter((word) => word !== '');
  return { ...values, skip: list(values.skip), only: list(values.only) };
}

/** The combinations with a promised figure. The naive loop saturates a core at 10,000 clients, so it is compared at 4,000. */
const matrix = [
  { key: 'a', clients: 10_000, flush: 200, rate: 38, rivals: ['ours', 'floor'], promises: ['floor'] },
  { key: 'b', clients: 4_000, flush: 200, rate: 38, rivals: ['ours', 'naive', 'floor'], promises: ['naive'] },
  { key: 'c1', clients: 1_000, flush: 0, rate: 38, rivals: ['ours', 'floor'] },
  { key: 'c2', clients: 4_000, flush: 0, rate: 38, rivals: ['ours', 'floor'] },
  { key: 'c3', clients: 10_000, flush: 0, rate: 10, rivals: ['ours', 'floor'] },
];

/** Few receivers have no promised ratio: there, what a Node process costs by itself outweighs the sends. */
function promisesFor(clients) {
  if (clients >= 10_000) return ['floor', 'naive'];
  return clients >= 4_000 ? ['naive'] : [];
}

function plan(o) {
  const { rounds, seconds, size, loops } = o;
  const rows = o.matrix
    ? matrix.filter((row) => o.only.length === 0 || o.only.includes(row.key))
    : [{ ...o, rivals: ['ours', 'naive', 'floor'], promises: promisesFor(o.clients) }];
  return rows.map((row) => ({
    clients: row.clients,
    flush: row.flush,
    rate: row.rate,
    rounds,
    seconds,
    size,
    loops,
    base: 1000,
    sample: o.sample || Math.max(1, Math.floor(row.clients / 200)),
    promises: row.promises ?? [],
    rivals: row.rivals.filter((name) => !o.skip.includes(name)),
  }));
}

async function main() {
  const o = parse();
  if (o.help) return console.log(usage);
  const report = { machine: machine(), sessions: [], storm: null };
  for (const session of plan(o)) {
    const turns = await runSession(session, (t) =>
      process.stderr.write(
        `  round ${t.round + 1} ${t.contender}: ${t.cores.toFixed(3)} cores ${t.wrong.join('; ')}\n`,
      ),
    );
    const summary = summariseSession(turns, session);
    console.log(`\n${formatSession(summary)}`);
    report.sessions.push({ ...summary, turns });
    if (summary.wrong.length > 0) process.exitCode = 1;
  }
  if (!o.skip.includes('storm')) {
    report.storm = await runStorm({ clients: o.clients, flush: o.flush });
    console.log(`\n${formatStorm(report.storm)}`);
  }
  mkdirSync(dirname(o.json), { recursive: true });
  writeFileSync(o.json, `${JSON.stringify(report, null, 1)}\n`);
  console.log(`\nall figures: ${o.json}`);
}

await main();
