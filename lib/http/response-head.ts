/** Response heads as streaming servers really send them: HTTP/1.x and Shoutcast's ICY, read from raw bytes. */
import { type Headers, MAX_HEAD_BYTES, parseHeaders } from './head.js';

/** A parsed response head. */
export interface ResponseHead {
  readonly status: number;
  /** What follows the status, often "OK". */
  readonly reason: string;
  readonly headers: Headers;
}

const STATUS_LINE = /^(?:HTTP\/1\.[01]|ICY) (\d{3})(?: ([^\r]*))?\r?$/;

/** Collects the bytes of a connection until a response head is complete. */
export class ResponseScanner {
  #bytes: Buffer = Buffer.alloc(0);

  /** What came behind the heads that have been taken. */
  get rest(): Buffer {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
  }

  /**
   * Takes the next head; undefined when more bytes are needed.
   * @throws Error when this is no HTTP response, or its head is too long
   */
  take(): ResponseHead | undefined {
    const text = this.#bytes.toString('latin1', 0, MAX_HEAD_BYTES);
    const end = /\r?\n\r?\n/.exec(text);
    if (!/^(H|$)(T|$)(T|$)(P|$)|^(I|$)(C|$)(Y|$)/.test(text)) throw new Error(NOT_HTTP);
    if (end === null) {
      if (this.#bytes.length >= MAX_HEAD_BYTES) {
        throw new Error(`the head of the response is longer than ${MAX_HEAD_BYTES} bytes`);
      }
      return undefined;
    }
    const lines = text.slice(0, end.index).split('\n');
    const match = STATUS_LINE.exec(lines[0] as string);
    if (match === null) throw new Error(NOT_HTTP);
    this.#bytes = this.#bytes.subarray(end.index + end[0].length);
    const [, status, reason = ''] = match;
    return { status: Number(status), reason, headers: parseHeaders(lines, 1) };
  }
}

const NOT_HTTP = 'the answer is not an HTTP response';
