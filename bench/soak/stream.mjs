// The soak's stream, which bench/native/soak_stream.h describes: MP3 for the server, self-describing for the listeners.
import { FrameWriter } from '../lib/frame.mjs';

const mp3Header = Buffer.from([0xff, 0xfb, 0x94, 0xc4]);

export const unitBytes = 384;
/** Units a second: 1,152 samples at 48 kHz each. */
export const unitRate = 48_000 / 1_152;

/** The units of one connection of a source. */
export class UnitWriter {
  #frames;

  constructor(run) {
    this.#frames = new FrameWriter(run, unitBytes - mp3Header.length);
  }

  next() {
    return Buffer.concat([mp3Header, this.#frames.next()]);
  }
}

/** A stream header of its own: the `change`-th. */
export function headerUnit(change) {
  return new UnitWriter((0x80000000 | change) >>> 0).next();
}
