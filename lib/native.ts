/**
 * Finds and loads the addon; nobody else does. A clone has built it (build/Release), an installed package carries it
 * (prebuilds/). Where it cannot be had, the error says what was looked for and what to do.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Binding } from './binding.js';

/** The package's root: this file is lib/native.ts or dist/native.js. */
const root = fileURLToPath(new URL('..', import.meta.url));

export const native: Binding = load();

function load(): Binding {
  const file = candidates().find((path) => existsSync(path));
  if (file === undefined) throw explain(undefined);
  try {
    return createRequire(import.meta.url)(file) as Binding;
  } catch (error) {
    throw explain(error as Error);
  }
}

function candidates(): string[] {
  return [
    `${root}build/Release/flumen.node`,
    `${root}prebuilds/${process.platform}-${process.arch}/flumen.${libc()}.node`,
  ];
}

function libc(): 'glibc' | 'musl' {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Without this the report looks up the names of all open connections, which can take seconds.
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

function explain(cause: Error | undefined): Error {
  const platform = `${process.platform}-${process.arch}${process.platform === 'linux' ? ` (${libc()})` : ''}`;
  const lines = [
    cause ? `flumen: the native addon could not be loaded on ${platform}: ${cause.message}` : '',
    cause ? '' : `flumen: there is no native addon for ${platform}. Looked for:`,
    ...(cause ? [] : candidates().map((path) => `  ${path}`)),
    process.platform === 'linux'
      ? 'In a clone, build it: node scripts/setup.mjs build && node scripts/build.mjs'
      : 'flumen runs on Linux: it hands file descriptors to epoll.',
  ];
  const error = new Error(lines.filter((line) => line !== '').join('\n'), cause && { cause });
  return Object.assign(error, { code: 'ERR_FLUMEN_NO_ADDON' });
}
