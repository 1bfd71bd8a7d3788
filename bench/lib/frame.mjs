// The bench's frame, written by the contenders in JavaScript; bench/native/frame.h describes the same format.

const magic = Buffer.from([0xff, 0xfb, 0x90, 0x64, 0x46, 0x4c, 0x55, 0x4d]);
const headBytes = 32;
const patternBytes = 65536;

function makePattern() {
  const table = Buffer.alloc(patternBytes);
  let x = 2463534242;
  for (let i = 0; i < patternBytes; i++) {
    x = (x ^ (x << 13)) >>> 0;
    x = (x ^ (x >>> 17)) >>> 0;
    x = (x ^ (x << 5)) >>> 0;
    table[i] = x >>> 24;
  }
  return table;
}

/** Writes the frames of one run, one after the other, each into the same buffer: who keeps it must copy it. */
export class FrameWriter {
  #frame;
  #pattern = makePattern();
  #run;
  #seq = 0;

  /** Sequence number of the next frame. */
  get seq() {
    return this.#seq;
  }

  constructor(run, size) {
    this.#run = run;
    this.#frame = Buffer.alloc(size);
    magic.copy(this.#frame, 0);
    this.#frame.writeUInt32LE(run, 8);
    this.#frame.writeUInt32LE(size, 12);
  }

  /** The next frame, stamped with the time now. */
  next() {
    const frame = this.#frame;
    const size = frame.length;
    const seq = this.#seq++;
    const mixed = Math.imul(seq + this.#run * 7919, 2654435761) >>> 0;
    const at = (mixed >>> 8) % (patternBytes - size);
    frame.writeUInt32LE(seq, 16);
    frame.writeBigUInt64LE(process.hrtime.bigint(), 24);
    this.#pattern.copy(frame, headBytes, at, at + size - headBytes);
    return frame;
  }
}
