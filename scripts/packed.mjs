// packed.mjs: an empty folder with nothing in it but the package as npm would publish it, made of what is built here, and
// the packages that somebody would have beside it. Prints that folder. Made once for each state of the sources: tests of
// the documentation and the examples share it. Their own files belong in folders below it.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { at, builtAddon, filesUnder, prebuiltAddon, shown } from './support/project.mjs';
import { main, must, StepFailed } from './support/run.mjs';
import { hashOf } from './support/stamp.mjs';

/** What examples import beside flumen, and the types that their check needs. */
const NEIGHBOURS = ['express', 'fastify', 'ws', '@types/node', '@types/express', '@types/ws'];

/** Ends the name of a folder that somebody is filling. */
const UNFINISHED = '.new';
const PATIENCE_MS = 120_000;

await main(async () => {
  if (!existsSync(builtAddon) || !existsSync(at('dist/index.js')))
    throw new StepFailed('packed: nothing is built. Run: node scripts/build.mjs');
  const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const published = ['package.json', 'README.md', 'LICENSE', ...manifest.files]
    .map((name) => at(name))
    .filter((path) => existsSync(path) && !path.startsWith(at('prebuilds')));
  const files = published.flatMap((path) => (statSync(path).isDirectory() ? filesUnder(path) : [path]));
  const folder = at('build/packed', hashOf([...files, builtAddon], [process.arch]).slice(0, 16));
  const until = performance.now() + PATIENCE_MS;
  while (!existsSync(folder)) {
    if (performance.now() > until) throw new StepFailed(`packed: nobody has finished ${shown(folder)}`);
    if (claim(`${folder}${UNFINISHED}`)) await make(folder, published, manifest);
    else await sleep(50);
  }
  console.log(folder);
});

/** Whether it is this process that fills the folder. One that was left behind by a process that died is taken over. */
function claim(place) {
  mkdirSync(dirname(place), { recursive: true });
  try {
    mkdirSync(place);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const age = Date.now() - (statSync(place, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > PATIENCE_MS / 2) rmSync(place, { recursive: true, force: true });
  return false;
}

async function make(folder, published, manifest) {
  const place = `${folder}${UNFINISHED}`;
  // Finished between the look and the claim.
  if (existsSync(folder)) return rmSync(place, { recursive: true });
  for (const old of readdirSync(dirname(folder)).filter((name) => !name.endsWith(UNFINISHED))) {
    rmSync(join(dirname(folder), old), { recursive: true, force: true });
  }
  const sources = join(place, 'sources');
  for (const path of published) cpSync(path, join(sources, shown(path)), { recursive: true });
  const addon = join(sources, shown(prebuiltAddon()));
  mkdirSync(dirname(addon), { recursive: true });
  cpSync(builtAddon, addon);
  await must('npm pack', 'npm', ['pack', '--ignore-scripts', '--pack-destination', place], { cwd: sources });
  install(join(place, 'app'), manifest, await unpack(place, manifest));
  renameSync(join(place, 'app'), folder);
  rmSync(place, { recursive: true, force: true });
}

async function unpack(place, { name, version }) {
  await must('tar', 'tar', ['-xzf', `${name}-${version}.tgz`], { cwd: place });
  return join(place, 'package');
}

/** What `npm install` does where scripts are off, without the network: the dependencies are those of this checkout. */
function install(app, manifest, unpacked) {
  const modules = join(app, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }\n');
  renameSync(unpacked, join(modules, manifest.name));
  for (const name of [...Object.keys(manifest.dependencies), ...NEIGHBOURS]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(at('node_modules', name), join(modules, name));
  }
  for (const [name, file] of Object.entries(manifest.bin)) {
    chmodSync(join(modules, manifest.name, file), 0o755);
    symlinkSync(join('..', manifest.name, file), join(modules, '.bin', name));
  }
}
