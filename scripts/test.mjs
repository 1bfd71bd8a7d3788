// test.mjs [--full] [--only lint|core|vitest]: everything that has to hold, cheapest first; stops at the first step that fails.
// The last line is always `N passed, N failed`, and the exit code says the same.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { fuzzCore, monthsCore, testCore } from './support/core.mjs';
import { inPath } from './support/packages.mjs';
import { at, inCi } from './support/project.mjs';
import { must, run, StepFailed, seconds } from './support/run.mjs';

const { values: options } = parseArgs({ options: { full: { type: 'boolean' }, only: { type: 'string' } } });
const fuzzSeconds = 600;

/** Each returns `{ passed, failed }` and prints what a person needs to see of a failure. */
const steps = [
  { group: 'lint', name: 'lint', body: lint },
  ...['dev', 'asan', 'tsan'].map((preset) => ({
    group: 'core',
    name: `core (${preset})`,
    body: () => core(preset),
  })),
  { group: 'vitest', name: 'vitest', body: vitest },
  { group: 'core', name: 'alone', full: true, body: () => script('check-alone.mjs') },
  { group: 'core', name: 'months (90 days)', full: true, body: months },
  { group: 'core', name: `fuzz (${fuzzSeconds} s)`, full: true, body: fuzz },
  { group: 'core', name: 'addon (asan)', full: true, body: () => script('check-asan.mjs', '--addon') },
  { group: 'arm64', name: 'arm64 (qemu-user)', full: true, body: arm64 },
  { group: 'bench', name: 'bench smoke', full: true, body: bench },
];

const total = { passed: 0, failed: 0 };
if (options.only && !['lint', 'core', 'vitest'].includes(options.only)) {
  console.error('usage: node scripts/test.mjs [--full] [--only lint|core|vitest]');
  process.exit(2);
}
for (const step of steps) {
  if (options.only ? step.group !== options.only : false) continue;
  if (step.full && !options.full) continue;
  if (!(await perform(step))) break;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function perform({ name, body }) {
  console.log(`== ${name}`);
  const start = performance.now();
  const result = await guarded(body);
  total.passed += result.passed;
  total.failed += result.failed;
  const skipped = result.skipped ? `, ${result.skipped} skipped` : '';
  console.log(`   ${result.passed} passed, ${result.failed} failed${skipped} (${seconds(start)})`);
  return result.failed === 0;
}

async function guarded(body) {
  try {
    return await body();
  } catch (error) {
    console.error(error instanceof StepFailed ? error.message : error);
    return { passed: 0, failed: 1 };
  }
}

async function lint() {
  return { ...(await script('lint.mjs')), passed: 0 };
}

async function core(preset) {
  const missing = ['cmake', 'ninja', 'g++'].filter((name) => !inPath(name));
  if (missing.length > 0) {
    const text = `${missing.join(', ')} missing. Run: node scripts/setup.mjs test`;
    if (inCi) throw new StepFailed(text);
    console.warn(`   left out: ${text}`);
    return { passed: 0, failed: 0 };
  }
  const result = await testCore(preset, { brief: !options.full && !options.only });
  // The failed cases once more at the end: the whole is long.
  if (result.failed > 0) console.error(`${result.output}\n${result.failures}`);
  for (const line of result.totals) console.log(`   ${line}`);
  return result;
}

async function vitest() {
  // Tests that start the command line use dist/: it must be today's.
  await must('build', process.execPath, [at('scripts/build.mjs'), '--if-stale']);
  mkdirSync(at('build'), { recursive: true });
  const report = at(`build/vitest-${process.pid}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const args = [at('node_modules/vitest/vitest.mjs'), 'run', ...reporters];
  const { code } = await run(process.execPath, args, {
    live: true,
    env: options.full ? { FLUMEN_FULL: '1' } : {},
  });
  const said = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  rmSync(report, { force: true });
  const result = {
    passed: said.numPassedTests ?? 0,
    failed: said.numFailedTests ?? 0,
    skipped: said.numPendingTests ?? 0,
  };
  // A file that could not be loaded, or an error outside of any test, has no failed test to its name.
  if (code !== 0 && result.failed === 0) result.failed = 1;
  return result;
}

async function months() {
  await monthsCore({ days: 90, listeners: 10_000 });
  return { passed: 1, failed: 0 };
}

async function fuzz() {
  const fuzzers = await fuzzCore(fuzzSeconds);
  return { passed: fuzzers.length, failed: 0 };
}

// Whether the bench runs and every byte is right: the figures of two hundred receivers judge nothing.
async function bench() {
  const small = '--clients 200 --rounds 1 --seconds 2 --skip storm --json build/bench-smoke.json';
  return script('../bench/fanout.mjs', ...small.split(' '));
}

async function arm64() {
  const { failed } = await script('setup.mjs', 'arm64');
  if (failed === 0) return script('check-arm64.mjs');
  // setup.mjs has said what is missing.
  return { passed: 0, failed: inCi ? 1 : 0 };
}

/** A script that says by its exit code whether all is well. */
async function script(name, ...args) {
  const { code } = await run(process.execPath, [at('scripts', name), ...args], { live: true });
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
}
