// prebuilds.mjs: compiles the addon for this platform and puts it, stripped, where a published package carries it:
// prebuilds/linux-x64/flumen.glibc.node, the name that prebuildify would give it. prebuildify itself is not used: it
// rebuilds from nothing, deletes build/ with the core's own builds in it, and takes the fresh binary away from there.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { addonInputs, compileAddon } from './support/addon.mjs';
import { withBuildLock } from './support/lock.mjs';
import { builtAddon, prebuiltAddon, shown } from './support/project.mjs';
import { main, must, run } from './support/run.mjs';
import { hashOf, setStamp } from './support/stamp.mjs';

await main(() =>
  withBuildLock(async () => {
    const hash = hashOf(addonInputs(), [process.arch]);
    const target = prebuiltAddon();
    await compileAddon();
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    await must('strip', 'strip', ['--strip-all', '-o', target, builtAddon]);
    setStamp('prebuilt', hash);
    console.log(`prebuilds: ${shown(target)}${await floor(target)}`);
  }),
);

/** The newest versions of the C and C++ libraries that the binary asks for: what a machine must have to load it. */
async function floor(file) {
  const { code, output } = await run('objdump', ['-T', file]);
  if (code !== 0) return '';
  const newest = (library) =>
    [...output.matchAll(new RegExp(`\\b${library}_(\\d+(?:\\.\\d+)+)\\)`, 'g'))]
      .map(([, version]) => version)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .at(-1);
  return ` (needs GLIBC_${newest('GLIBC')}, GLIBCXX_${newest('GLIBCXX')})`;
}
