// Line coverage of the core and of lib, both read from lcov's format: name of a file to `{ lines, missed }`.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import process from 'node:process';
import { buildCore } from './core.mjs';
import { at, shown } from './project.mjs';
import { must, run } from './run.mjs';

// Enough lives for everything the simulation can meet; more would run the same lines again.
const seeds = '300';

/** Builds with clang's counters, runs unit tests and simulation, and reads what of native/core they ran. */
export async function coreCoverage() {
  const directory = await buildCore('coverage');
  const profiles = join(directory, 'profiles');
  rmSync(profiles, { recursive: true, force: true });
  mkdirSync(profiles);
  const env = { LLVM_PROFILE_FILE: `${profiles}/%p.profraw`, FLUMEN_SEEDS: seeds };
  // A failed test must not cost the figures; it is npm test's to say so. Some count on speed that counters do not leave.
  await run('ctest', ['--preset', 'coverage', '-j', '2', '--no-tests=error'], {
    cwd: at('native'),
    env,
  });
  const raw = readdirSync(profiles).map((name) => join(profiles, name));
  const merged = join(directory, 'all.profdata');
  await must('llvm-profdata', 'llvm-profdata-14', ['merge', '-sparse', '-o', merged, ...raw]);
  const programs = ['core_tests', 'core_sim', 'core_churn'].map((name) => join(directory, name));
  const objects = programs.flatMap((file, i) => (i === 0 ? [file] : ['-object', file]));
  const args = ['export', '-format=lcov', `-instr-profile=${merged}`, ...objects, at('native/core')];
  return readLcov(await must('llvm-cov', 'llvm-cov-14', args));
}

/** Runs vitest with V8's counters and reads what of lib it ran. Child processes run dist/ and are not counted. */
export async function libCoverage() {
  const folder = at('build/coverage');
  const options = [
    '--coverage.enabled',
    '--coverage.provider=v8',
    '--coverage.include=lib/**',
    '--coverage.reporter=lcovonly',
  ];
  const vitest = [
    at('node_modules/vitest/vitest.mjs'),
    'run',
    ...options,
    `--coverage.reportsDirectory=${folder}`,
  ];
  // As above.
  await run(process.execPath, [...vitest, '--coverage.reportOnFailure'], { live: true });
  return readLcov(readFileSync(join(folder, 'lcov.info'), 'utf8'));
}

function readLcov(text) {
  const files = new Map();
  for (const record of text.split('end_of_record')) {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) continue;
    // The same header comes once for each program that includes it; a line has run when it has in one of them.
    const counts = new Map();
    for (const [, line, count] of record.matchAll(/^DA:(\d+),(\d+)/gm)) {
      counts.set(Number(line), (counts.get(Number(line)) ?? 0) + Number(count));
    }
    const missed = [...counts].filter(([, count]) => count === 0).map(([line]) => line);
    files.set(isAbsolute(path) ? shown(path) : path, {
      lines: counts.size,
      missed: missed.sort((a, b) => a - b),
    });
  }
  return files;
}
