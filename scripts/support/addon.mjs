// How the addon is compiled: node-gyp from node_modules, with the headers of the node that runs this.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { at, filesUnder, shown } from './project.mjs';
import { must } from './run.mjs';

/** Everything the addon is made from. */
export const addonInputs = () => [
  at('binding.gyp'),
  at('native/sources.txt'),
  at('scripts/support/unity.mjs'),
  ...filesUnder(at('native/core')),
  ...filesUnder(at('native/addon')),
  at('node_modules/node-addon-api/package.json'),
];

/** What a copy needs to compile the addon in: its sources and node-addon-api, names as seen from the project's root, to absolute paths. */
export function addonSources() {
  const api = filesUnder(at('node_modules/node-addon-api'), (name) => /\.(h|gypi?|js|json)$/.test(name));
  const own = addonInputs().filter((file) => !file.includes('node_modules'));
  return new Map([at('package.json'), ...own, ...api].map((file) => [shown(file), file]));
}

/** The prefix of the running node when it brings its headers, else undefined: node-gyp then has to download them. */
export function headersOfNode() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? prefix : undefined;
}

/** Compiles what changed into build/Release/flumen.node. Never cleans: build/ is also home to the core's own builds. */
export async function compileAddon() {
  const headers = headersOfNode();
  const args = [
    at('node_modules/node-gyp/bin/node-gyp.js'),
    'configure',
    'build',
    '-j',
    String(availableParallelism()),
  ];
  if (headers !== undefined && process.env.npm_config_nodedir === undefined)
    args.push(`--nodedir=${headers}`);
  await must('compiling the addon', process.execPath, args);
}
