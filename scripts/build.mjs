// build.mjs [--if-stale] [--typescript]: compiles the addon (node-gyp) and the TypeScript (tsc), or the latter only.
// With --if-stale a part whose inputs have not changed since it was last built is left alone.
import { existsSync, rmSync } from 'node:fs';
import process from 'node:process';
import { addonInputs, compileAddon } from './support/addon.mjs';
import { withBuildLock } from './support/lock.mjs';
import { missingPackages } from './support/packages.mjs';
import { at, builtAddon, filesUnder, mayUsePrebuilt, prebuiltAddon, shown } from './support/project.mjs';
import { main, must, StepFailed, seconds } from './support/run.mjs';
import { hashOf, isFresh, setStamp } from './support/stamp.mjs';

const ifStale = process.argv.includes('--if-stale');
const onlyTypescript = process.argv.includes('--typescript');

const addon = {
  name: 'addon',
  what: 'build/Release/flumen.node',
  inputs: addonInputs,
  outputs: () => [builtAddon],
  make: compileAddon,
};

const typescript = {
  name: 'typescript',
  what: 'dist/',
  inputs: () => [at('tsconfig.json'), at('node_modules/typescript/package.json'), ...filesUnder(at('lib'))],
  outputs: () => [at('dist/index.js'), at('dist/index.d.ts')],
  async make() {
    await must('compiling TypeScript', process.execPath, [
      at('node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.json',
    ]);
    removeOrphans();
  },
};

await main(() =>
  withBuildLock(async () => {
    if (onlyTypescript) return bring(typescript);
    if (needsCompiler()) await bring(addon);
    else console.log(`build: no compiler here, using ${shown(prebuiltAddon())}`);
    await bring(typescript);
  }),
);

function needsCompiler() {
  const missing = missingPackages('build');
  if (missing.length === 0) return true;
  if (mayUsePrebuilt()) return false;
  throw new StepFailed(
    `build: the addon cannot be compiled without ${missing.join(', ')}. Run: node scripts/setup.mjs build`,
  );
}

async function bring(part) {
  const start = performance.now();
  const hash = hashOf(part.inputs(), [process.arch]);
  if (ifStale && isFresh(part.name, hash, part.outputs())) return;
  await part.make();
  setStamp(part.name, hash);
  console.log(`build: ${part.what} (${seconds(start)})`);
}

// tsc leaves the output of a deleted source behind, and a stale module would still be found by an import. Source maps are not made:
// their sources are not in the package, and the output is the source without its types.
function removeOrphans() {
  for (const file of filesUnder(at('dist'), (name) => /\.(js|d\.ts)(\.map)?$/.test(name))) {
    const source = at('lib', shown(file, at('dist')).replace(/\.(js|d\.ts)(\.map)?$/, '.ts'));
    if (!existsSync(source) || file.endsWith('.map')) rmSync(file);
  }
}
