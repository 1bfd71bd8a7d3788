/** Short answers, the same for the raw front and for the http server behind it. */

import { STATUS_CODES } from 'node:http';
import { SERVER_ID } from '../version.js';

/** An answer that ends the matter. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Plain text; empty for 204. */
  readonly body: string;
}

/** A text answer; the body always ends with a line feed. */
export function reply(
  status: number,
  text: string,
  headers: readonly (readonly [string, string])[] = [],
): Reply {
  return { status, headers, body: text === '' ? '' : `${text}\n` };
}

/** Every script on every page may read what a mount says, refusals included. */
export const CORS: readonly [string, string] = ['Access-Control-Allow-Origin', '*'];

/** The bytes of an answer after which the connection is closed. */
export function renderReply(answer: Reply, minor: 0 | 1, headOnly = false): Buffer {
  const body = Buffer.from(answer.body, 'utf8');
  const lines = [
    `HTTP/1.${minor} ${answer.status} ${STATUS_CODES[answer.status] ?? 'Status'}`,
    `Server: ${SERVER_ID}`,
    `Date: ${httpDate()}`,
    'Connection: close',
    ...answer.headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (answer.status !== 204) {
    lines.push('Content-Type: text/plain; charset=utf-8', `Content-Length: ${body.length}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
  return headOnly ? head : Buffer.concat([head, body]);
}

/** Node writes header values as Latin-1: this makes it write UTF-8. */
export function latin1(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

let dateSecond = -1;
let dateText = '';

/** The Date header's value; made once a second. */
export function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}
