/** Request heads as listeners and encoders really send them: HTTP/1.x and ICE/1.0, read from raw bytes. */

/** The whole head, request line included, in bytes. */
export const MAX_HEAD_BYTES = 16_384;
/** One line of the head, in bytes. */
export const MAX_LINE_BYTES = 8_192;
/** No method anybody sends is longer; whatever has no space by then is not HTTP. */
const MAX_METHOD_BYTES = 20;

const LF = 10;
const CR = 13;
const SPACE = 32;
const TLS_HANDSHAKE = 22;

/** A request that is refused, with the status and the text to refuse it with. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
  }
}

/** Header values by lower-case name; repeated headers are joined with ", " (RFC 9110 §5.3). */
export type Headers = Readonly<Record<string, string>>;

/** A parsed request head. Header values are Latin-1: one character per byte received. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly protocol: 'HTTP' | 'ICE';
  /** Minor version of HTTP/1.x; ICE/1.0 counts as 0. */
  readonly minor: 0 | 1;
  readonly headers: Headers;
}

/** The characters of a token (RFC 9110 §5.6.2): methods and header names. */
const TOKEN = (() => {
  const table = new Uint8Array(256);
  for (const c of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
    table[c.charCodeAt(0)] = 1;
  }
  return table;
})();

/**
 * Finds the end of a head in bytes that come in pieces of any size, and refuses as early as it can: on the first byte
 * that no method has, on a line or a head that is too long. A bare LF ends a line too (RFC 9112 §2.2), and empty lines in
 * front of the request line are passed over.
 */
export class HeadScanner {
  #size = 0;
  #lineLength = 0;
  #lines = 0;
  #previous = 0;
  #methodDone = false;

  /**
   * @returns the index in `chunk` right behind the head, or −1 when more is needed
   * @throws RequestError 400, 414 or 431
   */
  scan(chunk: Uint8Array): number {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (++this.#size > MAX_HEAD_BYTES) {
        throw new RequestError(431, `The request head is longer than ${MAX_HEAD_BYTES} bytes`);
      }
      if (byte === LF) {
        const empty = this.#lineLength === 0 || (this.#lineLength === 1 && this.#previous === CR);
        if (empty && this.#lines > 0) return i + 1;
        if (!empty) this.#endLine();
        this.#lineLength = 0;
      } else {
        if (!this.#methodDone) this.#method(byte);
        if (++this.#lineLength > MAX_LINE_BYTES) this.#lineTooLong();
      }
      this.#previous = byte;
    }
    return -1;
  }

  #endLine(): void {
    if (!this.#methodDone) throw new RequestError(400, NOT_HTTP);
    this.#lines++;
  }

  #method(byte: number): void {
    if (byte === SPACE && this.#lineLength > 0) {
      this.#methodDone = true;
      return;
    }
    if (this.#size === 1 && byte === TLS_HANDSHAKE) {
      throw new RequestError(400, 'This port speaks plain HTTP, not TLS: use http://');
    }
    // A CR may only belong to an empty line in front of the request line.
    const stray = this.#previous === CR;
    const token = TOKEN[byte] === 1 || (byte === CR && this.#lineLength === 0);
    if (!token || stray || this.#lineLength >= MAX_METHOD_BYTES) throw new RequestError(400, NOT_HTTP);
  }

  #lineTooLong(): never {
    if (this.#lines === 0)
      throw new RequestError(414, `The request line is longer than ${MAX_LINE_BYTES} bytes`);
    throw new RequestError(
      431,
      `Line ${this.#lines + 1} of the request head is longer than ${MAX_LINE_BYTES} bytes`,
    );
  }
}

const NOT_HTTP = 'This is not an HTTP request: the first line must read METHOD /path HTTP/1.1';
// Without the u flag on purpose: one character is one byte here.
const REQUEST_LINE = /^(\S{1,20}) (\S+) (HTTP|ICE)\/(\d)\.(\d)$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
// Not trim(): that would also eat the byte A0, with which a UTF-8 character may end.
const BLANKS = /^[ \t]+|[ \t]+$/g;

/**
 * Parses a complete head (with or without its final empty line).
 * @throws RequestError 400 for anything malformed, 505 for another version of HTTP
 */
export function parseHead(bytes: Buffer): Head {
  const lines = bytes.toString('latin1').split('\n');
  let at = 0;
  while (at < lines.length && (lines[at] === '\r' || lines[at] === '')) at++;
  const first = chomp(lines[at] ?? '');
  const match = REQUEST_LINE.exec(first);
  if (match === null) throw new RequestError(400, NOT_HTTP);
  const [, method = '', target = '', protocol, major, minor] = match;
  if (major !== '1' || (protocol === 'ICE' && minor !== '0')) {
    throw new RequestError(
      505,
      `${protocol}/${major}.${minor} is not spoken here, HTTP/1.0, HTTP/1.1 and ICE/1.0 are`,
    );
  }
  const headers = parseHeaders(lines, at + 1);
  return { method, target, protocol: protocol as 'HTTP' | 'ICE', minor: minor === '0' ? 0 : 1, headers };
}

/**
 * The header lines of a request or a response, from line number `first` (counted from 0) on.
 * @throws RequestError 400
 */
export function parseHeaders(lines: readonly string[], first: number): Headers {
  const headers: Record<string, string> = { __proto__: null } as never;
  for (let at = first; at < lines.length; at++) {
    const line = chomp(lines[at] as string);
    if (line !== '') addHeader(headers, line, at + 1);
  }
  return headers;
}

function chomp(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function addHeader(headers: Record<string, string>, line: string, number: number): void {
  const code = line.charCodeAt(0);
  if (code === SPACE || code === 9) {
    throw new RequestError(400, `Line ${number} of the head begins with a blank: folded headers are refused`);
  }
  const colon = line.indexOf(':');
  if (colon < 1) throw new RequestError(400, `Line ${number} of the head is not "Name: value"`);
  for (let i = 0; i < colon; i++) {
    if (TOKEN[line.charCodeAt(i)] !== 1) {
      throw new RequestError(400, `Line ${number} of the head has a bad header name`);
    }
  }
  const name = line.slice(0, colon).toLowerCase();
  const value = line.slice(colon + 1).replace(BLANKS, '');
  if (CONTROL.test(value)) {
    throw new RequestError(400, `Line ${number} of the head (${name}) holds a control character`);
  }
  const before = headers[name];
  headers[name] = before === undefined ? value : `${before}, ${value}`;
}
