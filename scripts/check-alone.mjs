// check-alone.mjs: does each file of the core and of its tests compile by itself? Everywhere else they are compiled several at a time.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { at } from './support/project.mjs';
import { main, run, StepFailed, seconds } from './support/run.mjs';

const flags = ['-std=c++20', '-fsyntax-only', '-fno-rtti', '-Wall', '-Wextra', '-Werror', '-I', at('native')];
// Where the build finds samples is not looked at here.
const forTests = ['-DFLUMEN_GOLDEN=""', '-DFLUMEN_SAMPLES=""'];

await main(async () => {
  const start = performance.now();
  const core = readFileSync(at('native/sources.txt'), 'utf8').trim().split(/\s+/);
  const tests = readdirSync(at('native/test')).filter((name) => name.endsWith('.cc'));
  const all = [
    ...core.map((name) => ['-fno-exceptions', at('native/core', name)]),
    ...tests.map((name) => [...forTests, at('native/test', name)]),
  ];
  const left = [...all];
  const bad = [];
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const { code, output } = await run('g++', [...flags, ...one]);
      if (code !== 0) bad.push(`${one.at(-1)}:\n${output}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (bad.length > 0) throw new StepFailed(bad.join('\n'));
  console.log(
    `alone: ${all.length} files of the core and its tests compile by themselves (${seconds(start)})`,
  );
});
