/** A sink as a stream: what is written to it is pushed, a frame for each chunk. */
import { Writable } from 'node:stream';

/** Ending the stream leaves the sink open: another source may follow. */
export function writableFor(push: (frame: Uint8Array) => void): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      try {
        push(chunk);
        callback();
      } catch (error) {
        callback(error as Error);
      }
    },
  });
}
