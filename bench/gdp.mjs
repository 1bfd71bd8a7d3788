// node bench/gdp.mjs [options]: the GDP codec against gdppay and gdpdepay, CPU time for the same frames. See docs/bench.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCore } from '../scripts/support/core.mjs';
import { machine } from './lib/machine.mjs';
import { median } from './lib/summary.mjs';
import { formatTable } from './lib/table.mjs';

const usage = `usage: node bench/gdp.mjs [options]
  --rounds N   rounds of each pair, medians count (default 5)
  --json FILE  write all figures there (default bench/results/gdp.json)`;

/** Frames: the two lengths whose difference counts, and the least ratio that is promised with payload checksums. */
const rows = [
  { size: 188, frames: [100_000, 700_000], promised: 5 },
  { size: 4096, frames: [20_000, 140_000] },
  { size: 65_536, frames: [1_000, 7_000], promised: 3 },
].flatMap((row) => [
  { ...row, crc: 0 },
  { ...row, crc: 1 },
]);

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'string', default: 'bench/results/gdp.json' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const codec = join(await buildCore('bench'), 'gdp_codec');
const folder = mkdtempSync(join(tmpdir(), 'flumen-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** CPU seconds, user and system, of one command and its children. */
function cpuOf(command) {
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null', ...command],
    {
      encoding: 'utf8',
    },
  );
  const [user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  if (status !== 0 || Number.isNaN(system)) throw new Error(`${command.join(' ')} failed:\n${stderr}`);
  return user + system;
}

function pipeline(text) {
  return ['gst-launch-1.0', '-q', ...text.split(' ')];
}

function commands({ size, crc }, count, file) {
  const source = `fakesrc num-buffers=${count} sizetype=fixed sizemax=${size} filltype=nothing ! application/x-bench`;
  return {
    'our headers': [codec, 'pay', size, count, crc].map(String),
    gdppay: pipeline(`${source} ! gdppay crc-header=true crc-payload=${crc === 1} ! fakesink`),
    'without gdppay': pipeline(`${source} ! fakesink`),
    'our parser': [codec, 'depay', file],
    gdpdepay: pipeline(`filesrc location=${file} blocksize=65536 ! gdpdepay ! fakesink`),
    'without gdpdepay': pipeline(`filesrc location=${file} blocksize=65536 ! fakesink`),
  };
}

/** CPU ns a frame: what the longer stream costs more than the shorter one. */
function measure(row) {
  const files = row.frames.map((count, i) => {
    const file = join(folder, `${i}.gdp`);
    const args = ['write', file, row.size, count, row.crc].map(String);
    const { status, stderr } = spawnSync(codec, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`gdp_codec write failed: ${stderr}`);
    return file;
  });
  const [short, long] = row.frames.map((count, i) => commands(row, count, files[i]));
  const seen = {};
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (const name of Object.keys(short)) {
      // A codec that is done in no time at all is given ten times as much to do.
      const cost = cpuOf(long[name]) - cpuOf(short[name]);
      (seen[name] ??= []).push((cost * 1e9) / (row.frames[1] - row.frames[0]));
    }
  }
  return Object.fromEntries(Object.entries(seen).map(([name, list]) => [name, median(list)]));
}

const results = rows.map((row) => {
  const ns = measure(row);
  const pay = ns.gdppay / ns['our headers'];
  const depay = ns.gdpdepay / ns['our parser'];
  const alone = (with_, without, ours) => (ns[with_] - ns[without]) / ns[ours];
  return {
    ...row,
    ns,
    pay,
    depay,
    payAlone: alone('gdppay', 'without gdppay', 'our headers'),
    depayAlone: alone('gdpdepay', 'without gdpdepay', 'our parser'),
  };
});

const cell = (value, digits = 0) => value.toFixed(digits);
console.log(`CPU ns a frame; "alone": the pipeline's cost without the element taken off\n`);
console.log(
  formatTable(
    ['frame', 'crc', 'our headers', 'gdppay', 'ratio', 'alone', 'our parser', 'gdpdepay', 'ratio', 'alone'],
    results.map((r) => [
      `${r.size} B`,
      r.crc === 1 ? 'header, payload' : 'header',
      cell(r.ns['our headers']),
      cell(r.ns.gdppay),
      cell(r.pay, 1),
      cell(r.payAlone, 1),
      cell(r.ns['our parser']),
      cell(r.ns.gdpdepay),
      cell(r.depay, 1),
      cell(r.depayAlone, 1),
    ]),
  ),
);
for (const r of results.filter((row) => row.promised !== undefined && (row.crc === 1 || row.size === 188))) {
  for (const [name, ratio] of [
    ['gdppay', r.pay],
    ['gdpdepay', r.depay],
  ]) {
    const word = ratio >= r.promised ? 'ok   ' : 'UNDER';
    console.log(
      `  ${word} ${name}, ${r.size} B, payload crc ${r.crc}: ${cell(ratio, 1)} (at least ${r.promised})`,
    );
  }
}
mkdirSync(dirname(options.json), { recursive: true });
writeFileSync(options.json, `${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
