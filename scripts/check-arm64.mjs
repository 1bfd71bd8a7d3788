// check-arm64.mjs: what is published for arm64, proven on another machine by qemu-user: the core's unit tests and the simulation, cross
// compiled, and the packed package, served by a real Node for arm64.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { buildCore } from './support/core.mjs';
import { checkFloor } from './support/floor.mjs';
import { nodeOf } from './support/nodes.mjs';
import { at, prebuilt } from './support/project.mjs';
import { main, must, run, StepFailed, seconds } from './support/run.mjs';
import { heard, install, pack } from './support/tarball.mjs';

/** The cross compiler's libraries serve as the system. */
const emulated = (program, args) => [
  'qemu-aarch64-static',
  ['-L', '/usr/aarch64-linux-gnu', program, ...args],
];

// An emulator takes no part in the kernel's timing: cases that measure cost say nothing under it.
const seeds = '300';

await main(async () => {
  await testCore();
  await serve();
});

async function testCore() {
  const start = performance.now();
  // The tests need one header of the machine's own; all of /usr/include would come before the cross compiler's.
  const include = at('build/core-arm64/include');
  mkdirSync(include, { recursive: true });
  if (!existsSync(join(include, 'doctest'))) symlinkSync('/usr/include/doctest', join(include, 'doctest'));
  const directory = await buildCore('arm64');
  console.log(`arm64: core built (${seconds(start)})`);
  const tests = await must('core_tests', ...emulated(join(directory, 'core_tests'), ['--no-colors']));
  console.log(`arm64: ${/test cases:.*/.exec(tests)?.[0]} (${seconds(start)})`);
  const lives = await must('core_sim', ...emulated(join(directory, 'core_sim'), [seeds]));
  console.log(`arm64: simulation: ${lives.trim().split('\n').at(-1)} (${seconds(start)})`);
}

async function serve() {
  await checkFloor(prebuilt('arm64'), 'arm64');
  const place = mkdtempSync(join(tmpdir(), 'flumen-arm64-'));
  try {
    const { file } = await pack(place);
    const app = join(place, 'app');
    await install({ app, tarball: file, node: process.execPath });
    const { program, version } = await nodeOf(22, 'arm64');
    for (const name of ['listener.mjs', 'listener.cjs']) {
      cpSync(at('test/package/consumer', name), join(app, name));
      const { code, output } = await run(...emulated(program, [join(app, name)]), { cwd: app });
      if (code !== 0 || output !== `${heard}\n`)
        throw new StepFailed(`${output}\narm64: ${name} (exit ${code})`);
    }
    console.log(`arm64: Node ${version} for arm64 imports and requires the package and serves a client`);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
