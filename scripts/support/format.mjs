// The native files that clang-format looks after, and how it is called.
import { at, filesUnder, shown } from './project.mjs';
import { must, run, StepFailed } from './run.mjs';

const nativeFiles = () =>
  ['native', 'bench/native'].flatMap((dir) => filesUnder(at(dir), (name) => /\.(h|c|cc)$/.test(name)));

/** Rewrites the native files as .clang-format says. */
export async function rewriteFormat() {
  const files = nativeFiles();
  if (files.length > 0) await must('clang-format', 'clang-format', ['-i', ...files]);
}

/** Fails with one line for each native line that clang-format would change. */
export async function checkFormat() {
  const files = nativeFiles();
  if (files.length === 0) return;
  const { code, output } = await run('clang-format', ['--dry-run', '-Werror', ...files]);
  if (code === 0) return;
  const places = new Map();
  for (const [, file, line] of output.matchAll(/^(.+?):(\d+):\d+: error: /gm)) {
    places.set(file, (places.get(file) ?? new Set()).add(line));
  }
  if (places.size === 0) throw new StepFailed(`${output}clang-format failed (exit ${code})`);
  const list = [...places].map(([file, lines]) => `${shown(file)}: lines ${[...lines].join(', ')}`);
  throw new StepFailed(`${list.join('\n')}\nclang-format would change these: node scripts/lint.mjs --fix`);
}
