// prebuilds.mjs [--if-stale]: compiles the addon for every platform that a published package carries, in a Debian 11
// (support/build-root.mjs), and puts it, stripped, where the loader looks: prebuilds/linux-x64/flumen.glibc.node, the name that
// prebuildify would give it. node-gyp configures here, make runs there, so the flags are those of every other build.
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { addonInputs, addonSources } from './support/addon.mjs';
import { buildRoot, inRoot } from './support/build-root.mjs';
import { checkFloor, versions } from './support/floor.mjs';
import { withBuildLock } from './support/lock.mjs';
import { at, prebuilt, root as project, shown, targets } from './support/project.mjs';
import { main, must, seconds } from './support/run.mjs';
import { stage, stageHeaders } from './support/stage.mjs';
import { hashOf, isFresh, setStamp } from './support/stamp.mjs';

const ifStale = process.argv.includes('--if-stale');
const prefixes = { x64: 'x86_64-linux-gnu-', arm64: 'aarch64-linux-gnu-' };

await main(() =>
  withBuildLock(async () => {
    for (const arch of targets) await bring(arch);
  }),
);

async function bring(arch) {
  const start = performance.now();
  const hash = hashOf(addonInputs(), [arch]);
  const file = prebuilt(arch);
  if (ifStale && isFresh(`prebuilt-${arch}`, hash, [file])) return;
  await compile(arch, file);
  const needs = await checkFloor(file, arch);
  setStamp(`prebuilt-${arch}`, hash);
  console.log(`prebuilds: ${shown(file)} (needs ${versions(needs)}; ${seconds(start)})`);
}

async function compile(arch, file) {
  const root = await buildRoot();
  // One folder for each checkout and platform.
  const name = `src/${hashOf([], [project]).slice(0, 12)}-${arch}`;
  const folder = join(root, name);
  stage(folder, addonSources(), (file) => /^(build|node)\//.test(file));
  stageHeaders(join(folder, 'node'));
  const gyp = [at('node_modules/node-gyp/bin/node-gyp.js'), 'configure'];
  const place = [`--directory=${folder}`, `--arch=${arch}`];
  // As the environment has it, where npm puts a `nodedir` of the user's own: that would win over an argument.
  const env = { npm_config_nodedir: join(folder, 'node') };
  await must('node-gyp configure', process.execPath, [...gyp, ...place], { env });
  const tools = [`CXX=${prefixes[arch]}g++`, `CC=${prefixes[arch]}gcc`, `AR=${prefixes[arch]}gcc-ar`];
  // The C++ library inside: it is the part of a system whose age differs most from what Node itself asks for.
  const link = 'LDFLAGS=-static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL';
  // -o Makefile: it is as it should be; make must not look for gyp to write it again.
  const make = ['-o', 'Makefile', '-C', `/${name}/build`, 'BUILDTYPE=Release', '-j2', ...tools, link];
  await inRoot(root, `compiling for ${arch}`, 'make', make);
  const made = `/${name}/build/Release/flumen.node`;
  await inRoot(root, 'strip', `${prefixes[arch]}strip`, ['--strip-all', '-o', `${made}.stripped`, made]);
  mkdirSync(dirname(file), { recursive: true });
  cpSync(join(root, `${made}.stripped`), file);
}
