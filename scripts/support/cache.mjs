// Where things lie that take minutes to get and do not belong to one checkout: build roots, node binaries.
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** A path in the user's cache folder of this project; its parent exists. Whoever makes the thing renames it into place when it is whole. */
export function cached(name) {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flumen');
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}
