// check-alone.mjs: does each file of the core compile by itself? Everywhere else they are compiled several at a time.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { at } from './support/project.mjs';
import { main, run, StepFailed, seconds } from './support/run.mjs';

const flags = ['-std=c++20', '-fsyntax-only', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra', '-Werror'];

await main(async () => {
  const start = performance.now();
  const files = readFileSync(at('native/sources.txt'), 'utf8').trim().split(/\s+/);
  const left = [...files];
  const bad = [];
  const worker = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const { code, output } = await run('g++', [...flags, '-I', at('native'), at('native/core', file)]);
      if (code !== 0) bad.push(`${file}:\n${output}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (bad.length > 0) throw new StepFailed(bad.join('\n'));
  console.log(`alone: ${files.length} files of the core compile by themselves (${seconds(start)})`);
});
