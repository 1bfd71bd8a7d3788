// A copy of the sources to compile elsewhere, kept from one time to the next, so that make has little to do.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { headersOfNode } from './addon.mjs';
import { filesUnder, shown } from './project.mjs';
import { StepFailed } from './run.mjs';

/**
 * Makes `folder` hold exactly `files`: names as seen from it, to absolute paths. A file whose content has not changed is not touched;
 * one that has is newer than anything made from it before, whatever its own date. `keep(name)` spares what is not a copy.
 */
export function stage(folder, files, keep) {
  for (const old of filesUnder(folder)) {
    const name = shown(old, folder);
    if (!files.has(name) && !keep(name)) rmSync(old);
  }
  for (const [name, source] of files) {
    const target = join(folder, name);
    if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) continue;
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target);
  }
}

// Of Node only Node-API is there to be included: nothing else could keep one binary working from Node 20 to 26. The rest is for gyp.
const headers = [
  'node_api.h',
  'node_api_types.h',
  'js_native_api.h',
  'js_native_api_types.h',
  'common.gypi',
  'config.gypi',
];

/** Makes `folder` a directory for node-gyp's --nodedir. */
export function stageHeaders(folder) {
  const prefix = headersOfNode();
  if (prefix === undefined) throw new StepFailed(`${process.execPath} has no include/node beside it`);
  const place = 'include/node';
  const files = headers.map((name) => [join(place, name), join(prefix, place, name)]);
  stage(folder, new Map(files), () => false);
}
