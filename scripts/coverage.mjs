// coverage.mjs [--core|--lib] [--lines]: what the tests run of the core (unit tests and simulation; clang's counters) and of lib (vitest;
// V8's), by folder. With --lines every line that nothing ran, by file: what docs/coverage.md is written from.
import process from 'node:process';
import { coreCoverage, libCoverage } from './support/coverage.mjs';
import { main } from './support/run.mjs';

const asked = (name) => process.argv.includes(`--${name}`);

await main(async () => {
  const both = !asked('core') && !asked('lib');
  if (both || asked('core')) print('core (C++)', await coreCoverage());
  if (both || asked('lib')) print('lib (TypeScript)', await libCoverage());
});

/** `files`: name to `{ lines, missed }`, missed being line numbers. */
function print(title, files) {
  const folders = new Map();
  const total = { lines: 0, missed: 0 };
  for (const [name, { lines, missed }] of files) {
    const folder = name.slice(0, name.lastIndexOf('/'));
    const sum = folders.get(folder) ?? { lines: 0, missed: 0 };
    folders.set(folder, sum);
    for (const one of [sum, total]) {
      one.lines += lines;
      one.missed += missed.length;
    }
  }
  console.log(`\n${title.padEnd(28)}  lines  not run  covered`);
  for (const [name, sum] of [...folders].sort()) console.log(row(name, sum));
  console.log(row('all', total));
  if (!asked('lines')) return;
  for (const [name, { missed }] of files) if (missed.length > 0) console.log(`${name}: ${ranges(missed)}`);
}

function row(name, { lines, missed }) {
  const run = (100 - (100 * missed) / (lines || 1)).toFixed(1);
  return `${name.padEnd(28)} ${String(lines).padStart(6)} ${String(missed).padStart(8)} ${run.padStart(7)}%`;
}

// 3, 4, 5, 9 as "3-5 9".
function ranges(numbers) {
  const runs = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(' ');
}
