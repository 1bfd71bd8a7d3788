/** Values of command line options. Each parser throws InvalidArgumentError; commander adds option and value to its text. */

import { InvalidArgumentError } from 'commander';
import { parseHostPort } from '../relay/place.js';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Node's longest timer, ms. */
const MAX_MS = 0x7fffffff;

/** `127.0.0.1:8000`, `localhost:0`, `[::1]:8000` */
export function parseListen(value: string): ListenAddress {
  const address = parseHostPort(value);
  if (address === undefined) {
    throw new InvalidArgumentError(
      'It must be HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:8000, 0.0.0.0:8000 or [::1]:8000.',
    );
  }
  return address;
}

export function parsePassword(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

/** Seconds, fractions allowed; the result is in ms. */
export function parseSeconds(value: string): number {
  const ms = /^\d+(\.\d+)?$/.test(value) ? Math.round(Number(value) * 1000) : Number.NaN;
  if (!(ms <= MAX_MS)) {
    throw new InvalidArgumentError('It must be a number of seconds from 0 to 2147483, such as 10 or 0.5.');
  }
  return ms;
}

export function parseMilliseconds(value: string): number {
  const ms = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(ms <= 60_000))
    throw new InvalidArgumentError('It must be a whole number of milliseconds from 0 to 60000.');
  return ms;
}
