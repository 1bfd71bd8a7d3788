// The addon under AddressSanitizer and UndefinedBehaviorSanitizer, in a copy of the checkout that has its own build/: the tests of
// what lives and dies at the seam run against it with the sanitizer's library loaded into every Node.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { addonSources } from './addon.mjs';
import { at, filesUnder, shown } from './project.mjs';
import { must, run, StepFailed, seconds } from './run.mjs';
import { stage, stageHeaders } from './stage.mjs';

const folder = at('build/addon-asan');
const reports = join(folder, 'reports');

/** Sinks, sources, handoff, and processes and workers that end in the middle of it. The heap's size says nothing here. */
const tests = [
  'test/sink',
  'test/source',
  'test/handoff',
  'test/scenarios',
  'test/fd-accounting',
  'test/gdp/codec',
];
const notTests = ['test/handoff/heap.test.ts'];

const flags = '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1';

/** Builds it and runs the tests. A report of a sanitizer, in any process, is a StepFailed, and so is a failed test. */
export async function checkAddon() {
  const start = performance.now();
  await must('build', process.execPath, [at('scripts/build.mjs'), '--if-stale', '--typescript']);
  copy();
  await build();
  console.log(`addon (asan): built (${seconds(start)})`);
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  const excluded = notTests.flatMap((file) => ['--exclude', file]);
  const args = [
    join(folder, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--testTimeout=180000',
    ...tests,
    ...excluded,
  ];
  const { code } = await run(process.execPath, args, { cwd: folder, live: true, env: await environment() });
  const found = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
  if (found.length > 0)
    throw new StepFailed(`${found.join('\n')}\naddon (asan): ${found.length} processes were reported`);
  if (code !== 0) throw new StepFailed(`addon (asan): tests failed (exit ${code})`);
  console.log(`addon (asan): no report (${seconds(start)})`);
}

function copy() {
  const rest = ['lib', 'dist', 'test', 'bin', 'web', 'examples'].flatMap((name) => filesUnder(at(name)));
  const files = addonSources();
  for (const file of [...files.keys()]) if (file.startsWith('node_modules/')) files.delete(file);
  for (const file of [...rest, at('vitest.config.ts'), at('tsconfig.json')]) files.set(shown(file), file);
  stage(folder, files, (name) => /^(build|node|reports|programs)\//.test(name));
  stageHeaders(join(folder, 'node'));
  if (!existsSync(join(folder, 'node_modules')))
    symlinkSync(at('node_modules'), join(folder, 'node_modules'));
}

async function build() {
  const gyp = [at('node_modules/node-gyp/bin/node-gyp.js'), 'configure', 'build', '-j', '2'];
  await must(
    'compiling the addon',
    process.execPath,
    [...gyp, `--directory=${folder}`, `--nodedir=${join(folder, 'node')}`],
    {
      env: { CXXFLAGS: flags, LDFLAGS: flags },
    },
  );
}

/** Programs of the system that tests start: with the sanitizer's library in them some hang (curl, for good). */
const programs = ['curl', 'ffmpeg', 'gst-launch-1.0', 'python3', 'socat', 'ss'];

/** A folder that comes first in PATH, in which each of them is started without it. */
function bare() {
  const place = join(folder, 'programs');
  mkdirSync(place, { recursive: true });
  for (const name of programs) {
    const text = `#!/bin/sh\nPATH=\${PATH#*${delimiter}}\nunset LD_PRELOAD\nexec ${name} "$@"\n`;
    writeFileSync(join(place, name), text, { mode: 0o755 });
  }
  return `${place}${delimiter}${process.env.PATH}`;
}

async function environment() {
  const library = async (name) => (await must('gcc', 'gcc', [`-print-file-name=${name}`])).trim();
  return {
    PATH: bare(),
    LD_PRELOAD: `${await library('libasan.so')} ${await library('libubsan.so')}`,
    // To files: a test may be listening to the stderr of what it starts.
    ASAN_OPTIONS: `detect_leaks=0:log_path=${reports}/asan`,
    UBSAN_OPTIONS: `print_stacktrace=1:log_path=${reports}/ubsan`,
  };
}
