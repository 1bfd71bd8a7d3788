/**
 * Counting file descriptors. At EMFILE libuv accepts a connection and closes it without telling anybody, so the server
 * must stop before that: it counts what it holds and answers 503 above `nofile` − 256.
 */

import { readFileSync } from 'node:fs';

/** Kept for everything else: the engine, logs, scripts, a burst of refusals. */
export const RESERVED_DESCRIPTORS = 256;
/** Below this many left in reserve, a connection is dropped without an answer. */
const LAST_DESCRIPTORS = 64;
/** Listeners that a server should be able to take without thinking. */
const WISHED_LISTENERS = 10_000;

/** The soft limit of open files of this process; Infinity where it is unlimited or cannot be read. */
export function openFileLimit(): number {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return match === null ? Number.POSITIVE_INFINITY : Number(match[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export class Descriptors {
  readonly limit: number;
  readonly #used: () => number;

  /** @param used counts the descriptors in use that grow with clients */
  constructor(used: () => number, limit: number = openFileLimit()) {
    this.#used = used;
    this.limit = limit;
  }

  /** How many connections there may be at once. */
  get capacity(): number {
    return Math.max(0, this.limit - RESERVED_DESCRIPTORS);
  }

  admit(): 'yes' | 'busy' | 'drop' {
    const used = this.#used();
    if (used < this.capacity) return 'yes';
    return used < this.limit - LAST_DESCRIPTORS ? 'busy' : 'drop';
  }

  /** What to do when the limit is too low for ten thousand listeners; undefined when it is not. */
  advice(): string | undefined {
    if (this.capacity >= WISHED_LISTENERS) return undefined;
    const wanted = WISHED_LISTENERS + RESERVED_DESCRIPTORS;
    return (
      `The limit of open files (${this.limit}) allows ${this.capacity} connections; more are answered 503. ` +
      `For ${WISHED_LISTENERS} listeners raise it to at least ${wanted}: "ulimit -n ${wanted}" in the shell that ` +
      `starts flumen, or "LimitNOFILE=${wanted}" in the [Service] section of its systemd unit.`
    );
  }
}
