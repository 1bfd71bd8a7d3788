/** The real gdpdepay, and frames by hand. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Depayed {
  kind: 'buffer' | 'caps' | 'event' | 'error';
  data?: string;
  flags?: string[];
  pts?: number;
  dts?: number;
  duration?: number;
  offset?: number;
  offset_end?: number;
  caps?: string;
  type?: string;
  structure?: string | null;
  what?: string;
}

const SCRIPT = fileURLToPath(new URL('gdpdepay.py', import.meta.url));

/** What gdpdepay makes of it, in order; throws when it complains, or the bytes end within a packet. */
export function depay(bytes: Uint8Array): Depayed[] {
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', [SCRIPT], {
    input: bytes,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`gdpdepay does not take it: ${`${stdout}${stderr}`.slice(-2000)}`);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Depayed);
}

/** One word for each: what a test compares. */
export function outline(depayed: readonly Depayed[]): string[] {
  return depayed.map(({ kind, type, data, flags }) =>
    kind === 'buffer' ? [data, ...(flags ?? [])].join(' ') : (type ?? kind),
  );
}
