/**
 * What travels with a frame besides its timestamps: an event in front of it, which gdpdepay hands on and elements that do not
 * know it leave alone. The format is in docs/gdp.md.
 */
import { Structure } from '../structure/structure.js';
import { checkKeys, describe } from '../units.js';
import { Event } from './event.js';

export interface Reference {
  /** When the frame was made: ns since 1970-01-01 UTC, so that latency can be measured over several machines. */
  time?: bigint;
  /** Anything else, up to 16 KiB. */
  user?: Uint8Array;
}

const NAME = 'flumen-reference';
const USER_MAX = 16 * 1024;
const NO_VALUE = 2n ** 64n - 1n;

/** The event that says it. Throws a TypeError or RangeError that names what is wrong with `of`. */
export function referenceEvent(of: string, reference: Reference): Event {
  const { time, user } = checkKeys(of, reference, ['time', 'user']);
  if (time === undefined && user === undefined) throw new TypeError(`${of} must have a time or user`);
  if (time !== undefined && typeof time !== 'bigint') {
    throw new TypeError(`${of}.time must be a bigint, not ${describe(time)}`);
  }
  if (time !== undefined && (time < 0n || time >= NO_VALUE)) {
    throw new RangeError(`${of}.time must be from 0 to 2^64 - 2, not ${time}`);
  }
  if (user !== undefined && !(user instanceof Uint8Array)) {
    throw new TypeError(`${of}.user must be a Uint8Array, not ${describe(user)}`);
  }
  if (user !== undefined && (user.length === 0 || user.length > USER_MAX)) {
    throw new RangeError(`${of}.user must be of 1 to ${USER_MAX} bytes, not ${user.length}`);
  }
  return new Event(
    'custom-downstream',
    new Structure(NAME, {
      ...(time !== undefined && { time: { uint64: time } }),
      ...(user !== undefined && { user }),
    }),
  );
}

/** What `event` says of the frame behind it; undefined: it is another event. */
export function referenceOf(event: Event): Reference | undefined {
  if (event.type !== 'custom-downstream' || event.text?.startsWith(`${NAME},`) !== true) return undefined;
  const { time, user } = (event.structure as Structure).fields;
  const read: Reference = {};
  if (typeof time === 'object' && 'uint64' in time) read.time = time.uint64;
  if (user instanceof Uint8Array) read.user = user;
  return read.time === undefined && read.user === undefined ? undefined : read;
}
