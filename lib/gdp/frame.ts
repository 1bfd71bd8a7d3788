/** A frame (GStreamer: buffer): bytes and what is known of them. */

import { checkBoolean, checkKeys, describe } from '../units.js';
import type { Reference } from './reference.js';

/** What is known of a frame. Times in ns; what is missing has no value, which is not 0. Offsets, discont, gap and live only reach those who speak GDP. */
export interface FrameMeta {
  pts?: bigint | undefined;
  dts?: bigint | undefined;
  duration?: bigint | undefined;
  /** Of its first byte, sample or whatever the medium counts in. */
  offset?: bigint | undefined;
  offsetEnd?: bigint | undefined;
  /** A receiver can start here: not DELTA_UNIT. Default true. */
  keyframe?: boolean;
  /** A copy of the stream headers, or of a part: a sink does not send it twice. Default false, as the rest. */
  header?: boolean;
  /** It does not continue the frame before it. */
  discont?: boolean;
  /** It only fills a gap. */
  gap?: boolean;
  /** It comes from a live source. */
  live?: boolean;
  /** What travels in front of it, as an event of its own; a sink leaves it out where 64 KiB of events wait already. Default: nothing. */
  reference?: Reference | undefined;
}

/** "No value" on the wire. */
export const NO_VALUE = 0xffff_ffff_ffff_ffffn;

const TIMES = ['pts', 'dts', 'duration', 'offset', 'offsetEnd'] as const;
const FLAGS = ['header', 'discont', 'gap', 'live'] as const;

/** GstBufferFlags that travel. */
export const BUFFER_FLAGS = { live: 0x10, discont: 0x40, header: 0x400, gap: 0x800, delta: 0x2000 } as const;

export class Frame {
  readonly payload: Uint8Array;
  /** ns */
  readonly pts: bigint | undefined;
  /** ns */
  readonly dts: bigint | undefined;
  /** ns */
  readonly duration: bigint | undefined;
  readonly offset: bigint | undefined;
  readonly offsetEnd: bigint | undefined;
  /** A receiver can start here: not DELTA_UNIT. */
  readonly keyframe: boolean;
  readonly header: boolean;
  readonly discont: boolean;
  readonly gap: boolean;
  readonly live: boolean;
  /** What came in front of it: a parser with the option `references` sets it. */
  reference: Reference | undefined;

  /** The bytes are not copied. */
  constructor(payload: Uint8Array, meta: FrameMeta = {}) {
    this.payload = payload;
    this.pts = meta.pts;
    this.dts = meta.dts;
    this.duration = meta.duration;
    this.offset = meta.offset;
    this.offsetEnd = meta.offsetEnd;
    this.keyframe = meta.keyframe ?? true;
    this.header = meta.header ?? false;
    this.discont = meta.discont ?? false;
    this.gap = meta.gap ?? false;
    this.live = meta.live ?? false;
    this.reference = meta.reference;
  }
}

/** pts, dts, duration, offset and offset end as the addon wants them, and GstBufferFlags. Errors name what is wrong. */
export function flatMeta(of: string, meta: FrameMeta): [times: BigUint64Array, flags: number] {
  const times = BigUint64Array.from(TIMES, (name) => checkTime(`${of}.${name}`, meta[name]));
  return [times, flagsOf(of, meta)];
}

/** GstBufferFlags. */
export function flagsOf(of: string, meta: FrameMeta): number {
  let flags = checkBoolean(`${of}.keyframe`, meta.keyframe ?? true) ? 0 : BUFFER_FLAGS.delta;
  for (const name of FLAGS) {
    if (checkBoolean(`${of}.${name}`, meta[name] ?? false)) flags |= BUFFER_FLAGS[name];
  }
  return flags;
}

export function checkMeta(of: string, meta: FrameMeta): FrameMeta {
  return checkKeys(of, meta, [...TIMES, ...FLAGS, 'keyframe', 'reference']);
}

function checkTime(name: string, value: unknown): bigint {
  if (value === undefined) return NO_VALUE;
  if (typeof value !== 'bigint') throw new TypeError(`${name} must be a bigint, not ${describe(value)}`);
  if (value < 0n || value >= NO_VALUE)
    throw new RangeError(`${name} must be from 0 to 2^64 - 2, not ${value}`);
  return value;
}
