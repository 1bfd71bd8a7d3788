// Freshness by content: a stamp holds the hash of all inputs of one product. Modification times would lie after a checkout.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { at, shown } from './project.mjs';

/** One hash over names and contents of `files` (absolute paths) and some further `facts` (a version, a flag). */
export function hashOf(files, facts = []) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`${fact}\0`);
  for (const file of files) {
    if (existsSync(file))
      hash
        .update(`${shown(file)}\0`)
        .update(readFileSync(file))
        .update('\0');
  }
  return hash.digest('hex');
}

const stampFile = (name) => at('build/stamps', name);

/** Whether `outputs` exist and were made from inputs with this hash. */
export function isFresh(name, hash, outputs) {
  if (!outputs.every((file) => existsSync(file)) || !existsSync(stampFile(name))) return false;
  return readFileSync(stampFile(name), 'utf8') === hash;
}

/** Notes that `name` was made from inputs with this hash. Take the hash before building: an edit meanwhile must stay stale. */
export function setStamp(name, hash) {
  mkdirSync(dirname(stampFile(name)), { recursive: true });
  writeFileSync(stampFile(name), hash);
}
