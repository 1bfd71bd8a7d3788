// check-layers.mjs [ROOT]: reads the #includes of native/ and the imports of lib/ and compares them with the table of
// allowed edges (support/layers.mjs). Prints one line per forbidden edge, `file:line: what`, and exits 1 if there is any.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import {
  addonLoader,
  coreEdges,
  handleUser,
  libEdges,
  nativeEdges,
  nodeHeader,
  threadFolders,
  threadHeaders,
} from './support/layers.mjs';
import { filesUnder, root as projectRoot, shown } from './support/project.mjs';
import { withoutComments } from './support/source-text.mjs';

const root = resolve(process.argv[2] ?? projectRoot);
const problems = [];
const seen = { native: 0, lib: 0 };

checkFolders(join(root, 'native/core'), coreEdges, 'native/core');
checkFolders(join(root, 'lib'), libEdges, 'lib');
for (const file of filesUnder(join(root, 'native'), (name) => /\.(h|c|cc)$/.test(name))) checkNative(file);
for (const file of filesUnder(join(root, 'lib'), (name) => /\.[cm]?[jt]s$/.test(name))) checkLib(file);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`layers: ${seen.native} native and ${seen.lib} lib files keep to the table`);

/** Every folder has a line in the table: an unknown one would be checked against nothing. */
function checkFolders(dir, table, name) {
  for (const entry of filesAndFolders(dir)) {
    if (entry.isDirectory() && !Object.hasOwn(table, entry.name)) {
      problems.push(
        `${name}/${entry.name}:1: this folder is not in the table of layers (scripts/support/layers.mjs)`,
      );
    }
  }
}

function filesAndFolders(dir) {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}

function checkNative(file) {
  seen.native += 1;
  const path = shown(file, root);
  const [, area, folder] = path.split('/');
  withoutComments(readFileSync(file, 'utf8')).forEach((line, index) => {
    const found = /^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/.exec(line);
    if (!found) return;
    const why = area === 'core' ? coreInclude(folder, found[1], found[2]) : otherInclude(area, found[1]);
    if (why) problems.push(`${path}:${index + 1}: ${why}`);
  });
}

function coreInclude(folder, quoted, angled) {
  const header = quoted ?? angled;
  if (nodeHeader.test(header)) return `native/core may not include <${header}>: it knows nothing of Node`;
  if (threadHeaders.has(header) && !threadFolders.includes(folder)) {
    return `core/${folder} may not include <${header}>: threads live in core/${threadFolders.join(' and core/')} only`;
  }
  if (quoted === undefined) {
    return header.startsWith('core/')
      ? `write "${header}" with quotes, so that the layer check sees it`
      : undefined;
  }
  const [area, target] = quoted.split('/');
  if (area !== 'core') return `"${quoted}": includes are written from native/, as "core/base/check.h"`;
  return edge('core/', folder, target, coreEdges);
}

function otherInclude(area, quoted) {
  if (quoted === undefined) return undefined;
  const allowed = nativeEdges[area];
  if (!allowed) return `native/${area} is not in the table of layers (scripts/support/layers.mjs)`;
  const target = quoted.split('/')[0];
  return allowed.includes(target) ? undefined : `"${quoted}": forbidden edge native/${area} -> ${target}`;
}

function checkLib(file) {
  seen.lib += 1;
  const path = shown(file, root);
  const layer = layerOf(path);
  if (!Object.hasOwn(libEdges, layer)) {
    if (!path.split('/')[2])
      problems.push(`${path}:1: this module is not in the table of layers (scripts/support/layers.mjs)`);
    return;
  }
  const lines = withoutComments(readFileSync(file, 'utf8'));
  lines.forEach((line, index) => {
    for (const why of libLine(file, layer, line)) problems.push(`${path}:${index + 1}: ${why}`);
  });
}

function* libLine(file, layer, line) {
  for (const [, specifier] of line.matchAll(
    /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*['"](\.[^'"]*)['"]/g,
  )) {
    const target = shown(resolve(dirname(file), specifier), root);
    const why = target.startsWith('lib/')
      ? edge('lib/', layer, layerOf(target), libEdges)
      : `'${specifier}': lib may not import from outside lib`;
    if (why) yield why;
  }
  if (layer !== addonLoader && /\bdlopen\b|\.node['"`]/.test(line))
    yield `only lib/${addonLoader}.ts loads the .node file`;
  if (layer !== handleUser && /\b_handle\b/.test(line))
    yield `only lib/${handleUser} touches Node's private _handle`;
}

/** `lib/sink/base.ts` → 'sink', `lib/errors.ts` and `lib/errors.js` → 'errors'. */
function layerOf(path) {
  return path.split('/')[1].replace(/\.[cm]?[jt]s$/, '');
}

function edge(prefix, from, to, table) {
  if (from === to || (table[from] ?? []).includes(to)) return undefined;
  return `forbidden edge ${prefix}${from} -> ${prefix}${to}`;
}
