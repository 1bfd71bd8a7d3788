// Where things are, and what kind of run this is. Used by every script of the house.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const inCi = process.env.CI === 'true' || process.env.CI === '1';

/** An absolute path inside the project. */
export const at = (...parts) => join(root, ...parts);

/** The addon as the build leaves it, and as a published package carries it. */
export const builtAddon = at('build/Release/flumen.node');
export const prebuiltAddon = () => at(`prebuilds/${process.platform}-${process.arch}/flumen.${libc()}.node`);

/** The architectures that a published package carries the addon for, and where; all for Linux with glibc. */
export const targets = ['x64', 'arm64'];
export const prebuilt = (arch) => at(`prebuilds/linux-${arch}/flumen.glibc.node`);

/** All files under `dir` (absolute) that `keep(name)` accepts, sorted, so that two runs see the same order. */
export function filesUnder(dir, keep = () => true) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && keep(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** `file` as it is written in messages: from the project's root, with slashes. */
export const shown = (file, from = root) => relative(from, file).split(sep).join('/');

/** A clone has to build; an unpacked package without a compiler may use the binary it came with. */
export function mayUsePrebuilt() {
  return !existsSync(at('.git')) && existsSync(prebuiltAddon());
}

// process.report names glibc only where the node binary was linked against it. Without excludeNetwork it asks the DNS.
function libc() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}
