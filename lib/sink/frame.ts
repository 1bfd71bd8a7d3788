/** What push() takes: one frame, checked, as the addon wants it. */
import { FRAME_FLAGS } from '../binding.js';
import type { FrameMeta } from '../gdp/frame.js';
import { describe } from '../units.js';

/** What the producer knows of a frame. */
export type FrameInfo = FrameMeta;

const MAX_FRAME = 0x7fffffff;

/** The bytes of `data`; a TypeError or RangeError when they are no frame. */
export function frameBytes(data: unknown): Uint8Array {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`push: data must be a Uint8Array or a string, not ${describe(data)}`);
  }
  if (bytes.length > MAX_FRAME) throw new RangeError(`push: a frame of ${bytes.length} bytes is over 2 GiB`);
  return bytes;
}

/** FrameFlags of the core. */
export function frameFlags(info: FrameInfo): number {
  return (
    (info.keyframe === false ? FRAME_FLAGS.delta : 0) |
    (info.header ? FRAME_FLAGS.header : 0) |
    (info.discont ? FRAME_FLAGS.discont : 0) |
    (info.live ? FRAME_FLAGS.live : 0) |
    (info.gap ? FRAME_FLAGS.gap : 0)
  );
}
