// The native files that clang-format looks after, and how it is called.
import { at, filesUnder } from './project.mjs';
import { must } from './run.mjs';

/** Checks the native files' format, or with `fix` rewrites them. Resolves with their number. */
export async function clangFormat(fix) {
  const files = filesUnder(at('native'), (name) => /\.(h|c|cc)$/.test(name));
  const mode = fix ? ['-i'] : ['--dry-run', '-Werror'];
  if (files.length > 0) await must('clang-format', 'clang-format', [...mode, ...files]);
  return files.length;
}
