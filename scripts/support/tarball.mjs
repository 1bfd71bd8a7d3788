// The package as npm would publish it: packed, looked through, installed somewhere else.
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { filesUnder, shown } from './project.mjs';
import { must, StepFailed } from './run.mjs';
import { withoutComments } from './source-text.mjs';

/** What the programs in test/package/consumer print when their client was served. */
export const heard = '200 text/plain: one live source';

/** Packs the project into `folder`. Resolves with `{ file, packed, unpacked, entries }`: a path, bytes, bytes, a number. */
export async function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const said = await must('npm pack', process.execPath, [
    npmProgram(),
    'pack',
    '--json',
    '--pack-destination',
    folder,
  ]);
  // prepack speaks first.
  const all = JSON.parse(said.slice(said.search(/^[[{]\s*$/m)));
  const [about] = Object.values(all);
  const { filename, size, unpackedSize, entryCount } = about;
  return { file: join(folder, filename), packed: size, unpacked: unpackedSize, entries: entryCount };
}

/** Installs a tarball into an empty folder as somebody without a compiler would, with nothing in npm's cache. */
export async function install({ app, tarball, node }) {
  mkdirSync(app, { recursive: true });
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--cache', `${app}-cache`];
  await must('npm install', node, [npmProgram(), 'install', ...options, tarball], {
    cwd: app,
    env: bare(`${app}-bin`, node),
  });
}

/** An environment whose PATH has node and sh, and nothing else: no compiler, no python. */
export function bare(folder, node) {
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    symlinkSync(node, join(folder, 'node'));
    symlinkSync('/bin/sh', join(folder, 'sh'));
  }
  return { PATH: folder };
}

/**
 * Follows every import from the package's entries; throws StepFailed when one leads to a file or a package that is not there, or
 * that package.json does not ask for. Resolves with the number of modules.
 */
export function followImports(home) {
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const entries = [
    manifest.exports['.'].default,
    manifest.exports['.'].types,
    ...Object.values(manifest.bin),
  ];
  const seen = new Set();
  const wrong = [];
  const visit = (file, from) => {
    if (seen.has(file)) return;
    seen.add(file);
    if (!existsSync(file)) return wrong.push(`${shown(file, home)} (from ${from})`);
    for (const name of namedIn(file)) {
      if (name.startsWith('.')) visit(join(dirname(file), ofTypes(file, name)), shown(file, home));
      else if (!isKnown(name, manifest)) wrong.push(`${name} (from ${shown(file, home)})`);
    }
  };
  for (const entry of entries) visit(join(home, entry), 'package.json');
  // A module that nobody can reach was left behind by something.
  for (const file of filesUnder(join(home, 'dist')))
    if (!isReached(file, seen)) wrong.push(`${shown(file, home)}: nothing leads to it`);
  if (wrong.length > 0) throw new StepFailed(`the package is not whole:\n${wrong.join('\n')}`);
  return seen.size;
}

// Imports, re-exports, dynamic imports and files named by URLs. A folder ("..") is no file.
function namedIn(file) {
  if (!/\.(js|d\.ts)$/.test(file)) return [];
  const text = withoutComments(readFileSync(file, 'utf8')).join('\n');
  const named = text.matchAll(/(?:\bfrom |\bimport |\bimport\(|new URL\()['"]([^'"]+)['"]/g);
  return [...named].map(([, name]) => name).filter((name) => name !== '..' && !/^(https?|data):/.test(name));
}

const ofTypes = (file, name) => (file.endsWith('.d.ts') ? name.replace(/\.js$/, '.d.ts') : name);

// A module and its types lie beside each other, and often only one of them is asked for.
const isReached = (file, seen) => {
  const stem = file.replace(/\.(d\.ts|js)$/, '');
  return seen.has(`${stem}.js`) || seen.has(`${stem}.d.ts`);
};

function isKnown(name, { dependencies }) {
  const [first, second] = name.split('/');
  const wanted = first.startsWith('@') ? `${first}/${second}` : first;
  return name.startsWith('node:') || builtinModules.includes(name) || dependencies[wanted] !== undefined;
}

// npm's own program file: a bare PATH has no npm.
function npmProgram() {
  const folders = [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, 'npm')).find((file) => existsSync(file));
  if (found === undefined) throw new StepFailed('npm is not in PATH');
  return realpathSync(found);
}
