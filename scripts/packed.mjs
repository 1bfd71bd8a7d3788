// packed.mjs: an empty folder with nothing in it but the package as npm would publish it, made of what is built here, and
// the packages that somebody would have beside it. Prints that folder. Made once for each state of the sources: tests of
// the documentation and the examples share it. Their own files belong in folders below it.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
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
import { at, builtAddon, filesUnder, prebuiltAddon, shown } from './support/project.mjs';
import { main, must, StepFailed } from './support/run.mjs';
import { hashOf } from './support/stamp.mjs';

/** What examples import beside flumen, and the types that their check needs. */
const NEIGHBOURS = ['express', 'fastify', 'ws', '@types/node', '@types/express', '@types/ws'];

/** Begins the name of a folder that somebody is filling. */
const UNFINISHED = 'new-';

await main(async () => {
  if (!existsSync(builtAddon) || !existsSync(at('dist/index.js')))
    throw new StepFailed('packed: nothing is built. Run: node scripts/build.mjs');
  const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const published = ['package.json', 'README.md', 'LICENSE', ...manifest.files]
    .map((name) => at(name))
    .filter((path) => existsSync(path) && !path.startsWith(at('prebuilds')));
  const files = published.flatMap((path) => (statSync(path).isDirectory() ? filesUnder(path) : [path]));
  const folder = at('build/packed', hashOf([...files, builtAddon], [process.arch]).slice(0, 16));
  if (!existsSync(folder)) await make(folder, published, manifest);
  console.log(folder);
});

async function make(folder, published, manifest) {
  mkdirSync(dirname(folder), { recursive: true });
  for (const old of readdirSync(dirname(folder)).filter((name) => !name.startsWith(UNFINISHED))) {
    rmSync(join(dirname(folder), old), { recursive: true, force: true });
  }
  const place = mkdtempSync(at('build/packed', UNFINISHED));
  const sources = join(place, 'sources');
  for (const path of published) cpSync(path, join(sources, shown(path)), { recursive: true });
  const addon = join(sources, shown(prebuiltAddon()));
  mkdirSync(dirname(addon), { recursive: true });
  cpSync(builtAddon, addon);
  await must('npm pack', 'npm', ['pack', '--ignore-scripts', '--pack-destination', place], { cwd: sources });
  install(join(place, 'app'), manifest, await unpack(place, manifest));
  try {
    renameSync(join(place, 'app'), folder);
  } catch (error) {
    // Somebody else was quicker with the same.
    if (!existsSync(folder)) throw error;
  }
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
