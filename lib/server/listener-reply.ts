/** What a listener is told before the stream begins. */

import { ICY_INTERVAL } from '../handoff/index.js';
import type { Headers } from '../http/head.js';
import { CORS, httpDate } from '../http/reply.js';
import type { StreamInfo } from '../ingest/upload.js';
import { SERVER_ID } from '../version.js';

/** Scripts may read these; without it `fetch` hides them. */
const EXPOSED = 'icy-br, icy-description, icy-genre, icy-metaint, icy-name, icy-pub, icy-url';

/** Methods that a mount understands. */
export const ALLOWED = 'GET, HEAD, OPTIONS, PUT, SOURCE';

/** Containers have titles of their own, or none that a player looks for between their bytes. */
const NO_TITLES = /^(video|text|multipart)\/|\b(ogg|webm|matroska|mp4|flac|wav)\b/i;

/** Whether a request asks for titles in the stream, and the stream can have them. */
export function takesTitles(headers: Headers, info: StreamInfo): boolean {
  return headers['icy-metadata'] === '1' && !NO_TITLES.test(info.contentType);
}

/** Headers of every answer that is, or could be, a stream; `titles`: with titles in it. */
export function streamHeaders(info: StreamInfo, titles: boolean): [string, string][] {
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
    ['icy-metaint', titles ? String(ICY_INTERVAL.usual) : undefined],
  ];
  // Else nginx collects events until a buffer is full.
  if (info.contentType.startsWith('text/event-stream')) headers.push(['X-Accel-Buffering', 'no']);
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
  readonly #fixed: readonly [plain: string, titles: string];
  readonly #made: { date: string; bytes: Buffer }[] = [];

  constructor(info: StreamInfo) {
    // No space behind the colon of icy-*: old players take the value as it stands.
    const fixed = (titles: boolean): string => {
      const lines = streamHeaders(info, titles).map(([k, v]) =>
        k.startsWith('icy-') ? `${k}:${v}` : `${k}: ${v}`,
      );
      return `Server: ${SERVER_ID}\r\nConnection: close\r\n${lines.join('\r\n')}\r\n`;
    };
    this.#fixed = [fixed(false), fixed(true)];
  }

  bytes(minor: 0 | 1, titles: boolean): Buffer {
    const date = httpDate();
    const which = titles ? 1 : 0;
    const made = this.#made[2 * which + minor];
    if (made !== undefined && made.date === date) return made.bytes;
    const text = `HTTP/1.${minor} 200 OK\r\n${this.#fixed[which]}Date: ${date}\r\n\r\n`;
    const bytes = Buffer.from(text, 'utf8');
    this.#made[2 * which + minor] = { date, bytes };
    return bytes;
  }
}
