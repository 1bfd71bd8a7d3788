// The core's tests by CMake presets: configure, build, run, count.
import { readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { at } from './project.mjs';
import { must, run, StepFailed, seconds } from './run.mjs';

const native = at('native');

// How many random lives each build plays. The sanitizers see every line that the plain build runs; they need no more of the same.
const seedsOf = { dev: '100000', asan: '600' };

// What the plain build is for, where time counts: long simulations. The unit tests run under the sanitizers, and are half of what there is to compile.
const simulations = ['core_sim', 'core_months'];

/** Configures and builds one preset, all of it or some `targets`. Resolves with its binary directory. */
export async function buildCore(preset, targets = []) {
  await configure(preset);
  const args = ['--build', '--preset', preset, '-j', String(availableParallelism())];
  if (targets.length > 0) args.push('--target', ...targets);
  await must(`building ${preset}`, 'cmake', args, { cwd: native });
  return at(`build/core-${preset}`);
}

// A build tree that was configured in another place (a moved checkout, another CMake) is not worth repairing.
async function configure(preset) {
  const args = ['--preset', preset];
  if ((await run('cmake', args, { cwd: native })).code === 0) return;
  rmSync(at(`build/core-${preset}`), { recursive: true, force: true });
  await must(`configuring ${preset}`, 'cmake', args, { cwd: native });
}

/**
 * Builds and runs the unit tests and the simulation of one preset; `brief`: of the plain build the simulations alone.
 * Resolves with `{ passed, failed, totals, output }`.
 */
export async function testCore(preset, { brief = false } = {}) {
  const targets = brief && preset === 'dev' ? simulations : [];
  await buildCore(preset, targets);
  // Tests, simulation and churn side by side: each keeps one core busy for most of its time.
  const ctest = ['--preset', preset, '--no-tests=error', '-j', String(availableParallelism())];
  if (targets.length > 0) ctest.push('-R', `^(${targets.join('|')})$`);
  const options = { cwd: native, env: { FLUMEN_SEEDS: process.env.FLUMEN_SEEDS ?? seedsOf[preset] ?? '' } };
  let result = await run('ctest', ctest, options);
  // ThreadSanitizer cannot place its shadow under some kernels' address randomisation; without it the tests mean the same.
  if (result.code !== 0 && result.output.includes('unexpected memory mapping')) {
    result = await run('setarch', ['-R', 'ctest', ...ctest], options);
  }
  const lines = result.output.split('\n').map((line) => line.replace(/^\d+: /, ''));
  return { ...count(result), totals: totalsOf(lines), output: result.output, failures: failuresIn(lines) };
}

// What doctest says of the cases that failed: between two lines of equals signs.
function failuresIn(lines) {
  const blocks = lines.join('\n').split(/^={20,}$/m);
  return blocks.filter((block) => /: (FATAL )?ERROR: /.test(block)).join('');
}

// What the simulations, the churn and the fault matrix have to say of themselves, without ctest's numbers in front.
function totalsOf(lines) {
  return lines.filter((line) => /^(all|churn|faults|months): |seeds in .* operations each/.test(line));
}

// doctest sums up its own cases; any other program (the simulation) counts as one.
function count({ code, output }) {
  let passed = 0;
  let failed = 0;
  for (const [, yes, no] of output.matchAll(/test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed/g)) {
    passed += Number(yes);
    failed += Number(no);
  }
  for (const [, name, verdict] of output.matchAll(/Test +#\d+: (\S+) \.*\s*(Passed|\*\*\*\S+)/g)) {
    if (name.startsWith('core_tests')) continue;
    if (verdict === 'Passed') passed += 1;
    else failed += 1;
  }
  if (code !== 0 && failed === 0) failed = 1;
  return { passed, failed };
}

/** As testCore, printed as a step of its own. Anything failed is a StepFailed. */
export async function checkCore(preset) {
  const start = performance.now();
  const { passed, failed, totals, output, failures } = await testCore(preset);
  if (failed > 0) throw new StepFailed(`${output}\n${failures}\ncore (${preset}): ${failed} failed`);
  for (const line of totals) console.log(`   ${line}`);
  console.log(`core (${preset}): ${passed} passed (${seconds(start)})`);
}

/** Runs the churn of one preset; what it says goes to the terminal. Anything wrong is a StepFailed. */
export async function churnCore(preset, { duration, clients }) {
  const directory = await buildCore(preset);
  const args = ['--seconds', String(duration), '--clients', String(clients)];
  await must('churn', `${directory}/core_churn`, args, { cwd: directory, live: true });
}

/** Runs the simulated months; what they say goes to the terminal. Anything wrong is a StepFailed. */
export async function monthsCore({ days, listeners }) {
  const directory = await buildCore('dev');
  const args = ['--days', String(days), '--listeners', String(listeners)];
  await must('months', `${directory}/core_months`, args, { cwd: directory, live: true });
}

/** Runs every fuzzer for its share of `totalSeconds`, and resolves with their names. A finding is a StepFailed with the fuzzer's report. */
export async function fuzzCore(totalSeconds) {
  const directory = await buildCore('fuzz');
  const sources = readdirSync(at('native/fuzz')).filter((name) => name.endsWith('_fuzz.cc'));
  const fuzzers = sources.map((name) => name.replace('.cc', ''));
  for (const name of fuzzers) {
    const each = Math.max(1, Math.floor(totalSeconds / fuzzers.length));
    const args = [
      `-max_total_time=${each}`,
      '-print_final_stats=1',
      `-artifact_prefix=${directory}/${name}-`,
    ];
    const { code, output } = await run(`${directory}/${name}`, args, { cwd: directory });
    if (code !== 0) throw new StepFailed(`${output}\nfuzzer ${name} found something (exit ${code})`);
    console.log(
      `   ${name}: ${/stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1]} inputs in ${each} s`,
    );
  }
  return fuzzers;
}
