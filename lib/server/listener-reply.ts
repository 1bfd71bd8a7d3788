/** What a listener is told before the stream begins. */

import { CORS, httpDate } from '../http/reply.js';
import type { StreamInfo } from '../ingest/upload.js';
import { SERVER_ID } from '../version.js';

/** Scripts may read these; without it `fetch` hides them. */
const EXPOSED = 'icy-br, icy-description, icy-genre, icy-name, icy-pub, icy-url';

/** Methods that a mount understands. */
export const ALLOWED = 'GET, HEAD, OPTIONS, PUT, SOURCE';

/** Headers of every answer that is, or could be, a stream. */
export function streamHeaders(info: StreamInfo): [string, string][] {
  const headers: [string, string][] = [
    ['Content-Type', info.contentType],
    ['Cache-Control', 'no-cache, no-store'],
    [...CORS],
    ['Access-Control-Expose-Headers', EXPOSED],
  ];
  const icy: [string, string | undefined][] = [
    ['icy-description', info.description],
    ['icy-genre', info.genre],
    ['icy-name', info.name],
    ['icy-pub', info.public === undefined ? undefined : info.public ? '1' : '0'],
    ['icy-url', info.url],
    ['icy-br', info.bitrate === undefined ? undefined : String(info.bitrate)],
  ];
  for (const [name, value] of icy) if (value !== undefined) headers.push([name, value]);
  return headers;
}

/** Headers of the answer to OPTIONS, a CORS preflight or not. */
export const OPTIONS_HEADERS: readonly (readonly [string, string])[] = [
  ['Allow', ALLOWED],
  CORS,
  ['Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS'],
  ['Access-Control-Allow-Headers', 'Authorization, Icy-MetaData, Range'],
  ['Access-Control-Max-Age', '86400'],
];

/** A stream's response head for HTTP/1.0 and HTTP/1.1 clients, made at most once a second each. */
export class StreamHead {
  readonly #fixed: string;
  readonly #made: { date: string; bytes: Buffer }[] = [];

  constructor(info: StreamInfo) {
    // No space behind the colon of icy-*: old players take the value as it stands.
    const lines = streamHeaders(info).map(([k, v]) => (k.startsWith('icy-') ? `${k}:${v}` : `${k}: ${v}`));
    this.#fixed = `Server: ${SERVER_ID}\r\nConnection: close\r\n${lines.join('\r\n')}\r\n`;
  }

  bytes(minor: 0 | 1): Buffer {
    const date = httpDate();
    const made = this.#made[minor];
    if (made !== undefined && made.date === date) return made.bytes;
    const bytes = Buffer.from(`HTTP/1.${minor} 200 OK\r\n${this.#fixed}Date: ${date}\r\n\r\n`, 'utf8');
    this.#made[minor] = { date, bytes };
    return bytes;
  }
}
