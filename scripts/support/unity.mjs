// Prints what binding.gyp compiles: the addon's files, and the core's ten at a time, for the headers are most of what a file costs.
// scripts/check-alone.mjs sees to it that none of them leans on what its neighbours include.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const batch = 10;
// node-gyp asks in the folder of binding.gyp: paths are relative to it, as gyp wants them.
const folder = 'build/unity';

/** Only what differs is written: make goes by the time. */
function write(file, text) {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

mkdirSync(folder, { recursive: true });
const core = readFileSync('native/sources.txt', 'utf8').trim().split(/\s+/);
const sources = [];
for (let i = 0; i < core.length; i += batch) {
  const file = join(folder, `core_${i / batch}.cc`);
  const lines = core.slice(i, i + batch).map((name) => `#include "core/${name}"`);
  write(file, `${lines.join('\n')}\n`);
  sources.push(file);
}
for (const name of readdirSync('native/addon').sort())
  if (name.endsWith('.cc')) sources.push(join('native/addon', name));
console.log(sources.join(' '));
