// npm run bench: flumen beside everybody else, in one run. See docs/bench.md.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from './lib/machine.mjs';
import { root } from './lib/native.mjs';
import { sessionText, writeReport } from './lib/report.mjs';
import { churn } from './workloads/churn.mjs';
import { codec } from './workloads/codec.mjs';
import { curve } from './workloads/curve.mjs';
import { latency } from './workloads/latency.mjs';
import { radio } from './workloads/radio.mjs';
import { stalled } from './workloads/stalled.mjs';
import { storm } from './workloads/storm.mjs';
import { tuning } from './workloads/tuning.mjs';
import { video } from './workloads/video.mjs';

const workloads = { radio, video, storm, stalled, churn, curve, latency, tuning, codec };

const usage = `usage: npm run bench -- [options]
  --only LIST     of ${Object.keys(workloads).join(', ')} (default: all; the results of others are kept)
  --clients LIST  sizes instead of each workload's own
  --rounds N      interleaved rounds, medians of them count (default 5)
  --seconds S     length of a turn (default 3)
  --out DIR       where results, tables and plots go (default docs/benchmarks)
  --report        measure nothing, write tables and plots anew`;

function parse() {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    options: {
      only: text(Object.keys(workloads).join(',')),
      clients: { type: 'string' },
      rounds: text('5'),
      seconds: text('3'),
      out: text(join(root, 'docs/benchmarks')),
      report: flag,
      help: flag,
    },
  });
  const only = values.only.split(',');
  for (const name of only)
    if (workloads[name] === undefined) throw new RangeError(`--only: there is no workload ${name}`);
  const number = (name, value) => {
    if (Number(value) > 0) return Number(value);
    throw new RangeError(`--${name} must be a number above 0, not ${value}`);
  };
  return {
    ...{ help: values.help, report: values.report, out: values.out, only },
    rounds: number('rounds', values.rounds),
    seconds: number('seconds', values.seconds),
    clients: values.clients?.split(',').map((value) => number('clients', value)),
  };
}

/** JSON in which each turn has a line: short, and what changes can be seen. */
const turnALine = (result) => JSON.stringify(result).replace(/\{"(round|contender|options)":/g, '\n$&');

async function main() {
  const o = parse();
  if (o.help) return console.log(usage);
  mkdirSync(o.out, { recursive: true });
  const file = (name) => join(o.out, `${name}.json`);
  const { rounds, seconds, clients } = o;
  const options = { rounds, seconds, ...(clients && { clients }) };
  for (const name of o.report ? [] : o.only) {
    console.log(`== ${name}`);
    const began = performance.now();
    const result = await workloads[name](options, (line) => process.stderr.write(`  ${line}\n`));
    const minutes = (performance.now() - began) / 60_000;
    writeFileSync(file(name), `${turnALine({ machine: machine(), minutes, ...result })}\n`);
    for (const session of result.sessions) {
      console.log(`\n${sessionText(name, session)}`);
      if (session.rows.some(({ wrong }) => wrong.length > 0)) process.exitCode = 1;
    }
  }
  const done = Object.keys(workloads).filter((name) => existsSync(file(name)));
  await writeReport(
    o.out,
    Object.fromEntries(done.map((name) => [name, JSON.parse(readFileSync(file(name)))])),
  );
  console.log(`\ntables, plots and all figures: ${o.out}`);
  process.exit();
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.stack}`);
  process.exit(2);
}
