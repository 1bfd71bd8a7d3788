// A Debian 11 to compile in: its glibc and gcc are older than any system that Node still runs on has, so what is made there loads
// everywhere. Made once by debootstrap, some 700 MB in the user's cache; needs root, for chroot does.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { cached } from './cache.mjs';
import { must, StepFailed } from './run.mjs';

const suite = 'bullseye';
const mirror = 'http://deb.debian.org/debian';
const packages = ['make', 'g++', 'g++-aarch64-linux-gnu'];

/** The folder of the build root; makes it when it is not there, which takes minutes. */
export async function buildRoot() {
  if (process.getuid?.() !== 0)
    throw new StepFailed('The build root is entered by chroot: run this as root.');
  const root = cached(`debian-11-${process.arch}`);
  if (existsSync(root)) return root;
  const half = `${root}.half`;
  rmSync(half, { recursive: true, force: true });
  console.log(`prebuilds: making a Debian 11 to build in (${root}); this happens once and takes minutes`);
  // minbase lacks what only the second stage can configure, so the compilers come after it.
  await must('debootstrap', 'debootstrap', ['--variant=minbase', suite, half, mirror]);
  const install = ['install', '-q', '-y', '--no-install-recommends', ...packages];
  await must('apt-get in the build root', 'chroot', [half, 'apt-get', ...install], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  renameSync(half, root);
  // Makefiles name their files by absolute paths; this makes the same path lead to the same file inside and outside.
  mkdirSync(join(root, dirname(root)), { recursive: true });
  symlinkSync('/', join(root, root));
  return root;
}

/** Runs a program inside the root; `file` and the like are paths as seen from outside. */
export const inRoot = (root, what, command, args) => must(what, 'chroot', [root, command, ...args]);
