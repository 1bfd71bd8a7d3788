/** A sink as a stream: what is written to it is pushed, a frame for each chunk. */
import { Writable } from 'node:stream';
import type { Waiter } from './pace.js';

/** Where a stream's chunks go. */
export interface FrameTaker {
  /** False: wait for drained(). */
  push(frame: Uint8Array): boolean;
  /** `waiter` is told when frames are wanted again, or with the error that push would throw by then. */
  drained(waiter: Waiter): void;
}

/**
 * With pace wait a write is done when the sink takes more. Ending the stream leaves the sink open: another source may
 * follow.
 */
export function writableFor(taker: FrameTaker): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      try {
        if (taker.push(chunk)) callback();
        else taker.drained(callback);
      } catch (error) {
        callback(error as Error);
      }
    },
  });
}
