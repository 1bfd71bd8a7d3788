// Compiles the bench's C programs on demand into build/bench/. They need nothing but cc and the Linux headers.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const sourceDir = join(root, 'bench', 'native');
const outDir = join(root, 'build', 'bench');

const programs = {
  hub: ['hub.c'],
  floor: ['floor.c'],
  load: ['load.c', 'client.c', 'verify.c'],
};

function newestSource() {
  return Math.max(...readdirSync(sourceDir).map((name) => statSync(join(sourceDir, name)).mtimeMs));
}

/** Path of the program, built first when it is missing or older than any source. Throws with the compiler's words. */
export function nativeProgram(name) {
  const sources = programs[name];
  if (sources === undefined) throw new TypeError(`no bench program is called ${name}`);
  const out = join(outDir, name);
  const built = statSync(out, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > newestSource()) return out;
  mkdirSync(outDir, { recursive: true });
  const half = `${out}.${process.pid}`;
  const args = ['-O2', '-Wall', '-Wextra', '-o', half, ...sources.map((file) => join(sourceDir, file))];
  const done = spawnSync('cc', args, { encoding: 'utf8' });
  if (done.error !== undefined)
    throw new Error(`the bench needs a C compiler called cc: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`cc ${name} failed:\n${done.stderr}`);
  renameSync(half, out);
  return out;
}
