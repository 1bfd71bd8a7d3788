/**
 * Finds and loads the addon; nobody else does. A clone has built it (build/Release), an installed package carries it
 * (prebuilds/). Where it cannot be had, importing flumen still works (types, editors, tests that stand in for it); the first use of
 * anything native throws, and the error says what is wrong with this platform and what to do.
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
  if (file === undefined) return unavailable(undefined);
  try {
    return createRequire(import.meta.url)(file) as Binding;
  } catch (error) {
    return unavailable(error as Error);
  }
}

/** For what would only find out later that it cannot do anything. @throws ERR_FLUMEN_NO_ADDON */
export function requireNative(): void {
  void native.diagnostics;
}

/** Stands in for the addon: every door of it throws. */
function unavailable(cause: Error | undefined): Binding {
  return new Proxy({} as Binding, {
    get() {
      throw explain(cause);
    },
  });
}

function candidates(): string[] {
  const built = `${root}build/Release/flumen.node`;
  const carried = `${root}prebuilds/${process.platform}-${process.arch}/flumen.${libc()}.node`;
  return isClone() ? [built, carried] : [carried];
}

function isClone(): boolean {
  return existsSync(`${root}binding.gyp`);
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
  const lines = cause
    ? [`flumen's native addon could not be loaded on ${platform}: ${cause.message}`]
    : [
        `There is no native addon of flumen for ${platform}. Looked for:`,
        ...candidates().map((path) => `  ${path}`),
      ];
  const error = new Error([...lines, remedy()].join('\n'), cause && { cause });
  return Object.assign(error, { code: 'ERR_FLUMEN_NO_ADDON' });
}

function remedy(): string {
  if (process.platform !== 'linux') {
    return (
      'flumen sends from Linux only: it gives file descriptors to epoll. Here it can be imported and its types be used; ' +
      'to stream, run it on Linux, in a container (node:22-slim), a virtual machine or WSL.'
    );
  }
  if (libc() === 'musl') {
    return (
      'The package carries binaries for glibc only, and this Node uses musl, as Alpine does. ' +
      'Use a Node built for glibc, for example the image node:22-slim in place of node:22-alpine.'
    );
  }
  if (isClone())
    return 'This is a clone, so build it: node scripts/setup.mjs build && node scripts/build.mjs';
  if (['x64', 'arm64'].includes(process.arch)) {
    return 'The package carries binaries for linux-x64 and linux-arm64 that need glibc 2.28. Is it older here? Otherwise install flumen again.';
  }
  return 'The package carries binaries for x64 and arm64. On other processors run flumen from a clone, which compiles it.';
}
