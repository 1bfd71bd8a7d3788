/**
 * Parser and encoder as streams of the web and of Node. A packet is made when the reader wants it, so a slow reader holds
 * the writer up, and a stream that is broken errors only when everything good has been read.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { GdpEncoder, type GdpEncoderOptions, type GdpItem } from './encoder.js';
import type { GdpPacket } from './packet.js';
import { GdpParser, type GdpParserOptions } from './parser.js';

/** Bytes in, packets out, for pipeThrough(). Errors with a GdpError when the stream is broken, or ends inside a packet. */
export class GdpParserStream {
  readonly readable: ReadableStream<GdpPacket>;
  readonly writable: WritableStream<Uint8Array>;

  constructor(options: GdpParserOptions = {}) {
    const parser = new GdpParser(options);
    // A TransformStream that errors drops what is not read yet. Here each write waits until its packet is.
    const passage = new TransformStream<GdpPacket, GdpPacket>();
    const out = passage.writable.getWriter();
    // Whoever waits hears of it by the write.
    out.closed.catch(() => {});
    const orFail = async (work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        out.abort(error).catch(() => {});
        throw error;
      }
    };
    this.readable = passage.readable;
    this.writable = new WritableStream<Uint8Array>({
      write: (bytes) =>
        orFail(async () => {
          for (const packet of parser.push(bytes)) await out.write(packet);
        }),
      close: () =>
        orFail(async () => {
          parser.end();
          await out.close();
        }),
      abort: (reason) => out.abort(reason),
    });
  }
}

/** Frames, caps and events in, bytes out. What a receiver could not read errors the stream with a TypeError. */
export class GdpEncoderStream extends TransformStream<GdpItem, Uint8Array> {
  constructor(options: GdpEncoderOptions = {}) {
    const encoder = new GdpEncoder(options);
    super({
      transform(item, controller) {
        const bytes = encoder.encode(item);
        if (bytes !== undefined) controller.enqueue(bytes);
      },
    });
  }
}

/** GdpParserStream for Node's pipes; packets come out as objects. */
export class GdpParserTransform extends Transform {
  readonly #parser: GdpParser;
  #resume: (() => void) | undefined;

  constructor(options: GdpParserOptions = {}) {
    super({ readableObjectMode: true, readableHighWaterMark: 1 });
    this.#parser = new GdpParser(options);
  }

  override _transform(bytes: Uint8Array, _encoding: BufferEncoding, callback: TransformCallback): void {
    attempt(callback, () => this.#deliver(this.#parser.push(bytes)[Symbol.iterator](), callback));
  }

  override _flush(callback: TransformCallback): void {
    attempt(callback, () => {
      this.#parser.end();
      callback();
    });
  }

  override _read(size: number): void {
    const resume = this.#resume;
    this.#resume = undefined;
    if (resume === undefined) super._read(size);
    else resume();
  }

  #deliver(packets: Iterator<GdpPacket>, callback: TransformCallback): void {
    for (let next = packets.next(); !next.done; next = packets.next()) {
      if (this.push(next.value)) continue;
      this.#resume = () => attempt(callback, () => this.#deliver(packets, callback));
      return;
    }
    callback();
  }
}

/** GdpEncoderStream for Node's pipes. */
export class GdpEncoderTransform extends Transform {
  readonly #encoder: GdpEncoder;

  constructor(options: GdpEncoderOptions = {}) {
    super({ writableObjectMode: true });
    this.#encoder = new GdpEncoder(options);
  }

  override _transform(item: GdpItem, _encoding: BufferEncoding, callback: TransformCallback): void {
    attempt(callback, () => callback(null, this.#encoder.encode(item)));
  }
}

/** An error comes a tick later: the packet in front of it is being read at this moment, and would be lost. */
function attempt(callback: TransformCallback, work: () => void): void {
  try {
    work();
  } catch (error) {
    process.nextTick(callback, error);
  }
}
