// A copy of the sources to compile elsewhere, kept from one time to the next, so that make has little to do.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesUnder, shown } from './project.mjs';

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
