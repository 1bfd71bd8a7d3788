// lint.mjs [--fix]: format, lint rules, types, layers. Runs all of them before it fails, so that one run shows everything.
// With --fix what can be put right by a program is put right first.
import process from 'node:process';
import { checkFormat, rewriteFormat } from './support/format.mjs';
import { inPath } from './support/packages.mjs';
import { at, inCi } from './support/project.mjs';
import { main, must, StepFailed } from './support/run.mjs';

const fix = process.argv.includes('--fix');
const tsc = (...args) => must('tsc', process.execPath, [at('node_modules/typescript/bin/tsc'), ...args]);
const biome = [
  'check',
  '--error-on-warnings',
  '--no-errors-on-unmatched',
  '--colors=off',
  ...(fix ? ['--write'] : []),
];

const steps = [
  ['biome', () => must('biome', at('node_modules/.bin/biome'), biome)],
  ['types of the library', () => tsc('-p', 'tsconfig.json', '--noEmit')],
  ['types of tests, bench and examples', () => tsc('-p', 'tsconfig.check.json')],
  ['clang-format', formatNative],
  ['layers', () => must('layer check', process.execPath, [at('scripts/check-layers.mjs')])],
];

async function formatNative() {
  if (inPath('clang-format')) return fix ? rewriteFormat() : checkFormat();
  if (inCi) throw new StepFailed('clang-format is missing. Run: node scripts/setup.mjs lint');
  console.warn(
    'lint: clang-format is missing, so native files are not looked at (node scripts/setup.mjs lint)',
  );
}

await main(async () => {
  const failed = [];
  for (const [name, check] of steps) {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      console.error(error.message);
      failed.push(name);
    }
  }
  if (failed.length > 0)
    throw new StepFailed(`lint: ${failed.length} of ${steps.length} failed: ${failed.join(', ')}`);
  console.log(`lint: ${steps.map(([name]) => name).join(', ')}: clean`);
});
