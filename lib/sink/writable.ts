/** A sink as a stream: what is written to it is pushed, a frame for each chunk. */
import { Writable } from 'node:stream';
import type { MultiHandleSink } from './multi-handle-sink.js';

/** Ending the stream leaves the sink open: another source may follow. */
export function writableFor(sink: MultiHandleSink): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      try {
        sink.push(chunk);
        callback();
      } catch (error) {
        callback(error as Error);
      }
    },
  });
}
