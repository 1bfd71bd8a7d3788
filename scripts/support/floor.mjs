// The oldest systems a published binary has to load on, and whether it does: what it asks of other libraries is written in it.

import { shown } from './project.mjs';
import { must, StepFailed } from './run.mjs';

/**
 * The newest version of each library's symbols that a published binary may ask for. glibc 2.28 is what Node's own binaries need
 * (20 to 26), so who can run Node can load the addon. The C++ library is linked in: none is listed, so none may be asked for.
 */
export const floors = { GLIBC: '2.28' };

const machines = { x64: 'X86-64', arm64: 'AArch64' };

/** What `file` needs, as `{ GLIBC: '2.28' }`: the newest version of each family. Throws StepFailed without readelf. */
export async function needsOf(file) {
  return newestVersions(await readelf('-V', file));
}

/** Throws StepFailed when `file` is no library for `arch`, or asks for more than the stated floors. Resolves with its needs. */
export async function checkFloor(file, arch) {
  const machine = /Machine:\s*(.*)/.exec(await readelf('-h', file))?.[1] ?? 'unknown';
  if (!machine.includes(machines[arch]))
    throw new StepFailed(`${shown(file)} is made for ${machine}, not for ${arch}`);
  const needs = await needsOf(file);
  const above = aboveFloor(needs);
  if (above.length > 0) {
    const stated = versions(floors);
    throw new StepFailed(
      `${shown(file)} asks for ${above.join(', ')}: the stated floor is ${stated} and nothing else`,
    );
  }
  return needs;
}

/** Reads the output of `readelf -V`: the newest version of each family in its "version needs" section. */
export function newestVersions(text) {
  const newest = {};
  const section = text.slice(text.search(/^Version needs section/m));
  for (const [, family, version] of section.matchAll(/Name: ([A-Z]+)_([\d.]+)\s/g)) {
    if (newest[family] === undefined || compare(version, newest[family]) > 0) newest[family] = version;
  }
  return newest;
}

/** What of `needs` exceeds the floors, as texts such as `GLIBC_2.34`. */
export const aboveFloor = (needs) =>
  Object.entries(needs)
    .filter(([family, version]) => floors[family] === undefined || compare(version, floors[family]) > 0)
    .map(([family, version]) => `${family}_${version}`);

/** `GLIBC_2.28`, for messages. */
export const versions = (needs) =>
  Object.entries(needs)
    .map(([family, version]) => `${family}_${version}`)
    .join(', ');

const compare = (a, b) => a.localeCompare(b, 'en', { numeric: true });

const readelf = (what, file) =>
  must('reading the binary (readelf, Debian package binutils)', 'readelf', ['-W', what, file]);
