/** ICY metadata in the body of a response: what its head must say of it. */
import type http from 'node:http';
import { NUMBERS } from '../options.js';
import { internalsOf } from './descriptor.js';
import { refusal } from './refuse.js';

/** Bytes of body between two pieces of metadata: what may be asked for, and what servers usually announce. */
export const ICY_INTERVAL = NUMBERS.AddOptions.icyInterval;

const METAINT = 'icy-metaint';

/** Asks for a body with metadata in it. */
export interface IcyWish {
  /** Undefined: what the response's own icy-metaint says, else the usual. */
  interval: number | undefined;
}

/**
 * The interval at which the body of `res` will have metadata. Throws when its head cannot announce that (any more), or
 * announces something else; nothing is changed.
 */
export function judgeIcy(res: http.ServerResponse, wish: IcyWish): number {
  const { _header: header, _headerSent: sent } = internalsOf(res);
  if (sent) {
    throw refusal(
      'ERR_FLUMEN_ICY',
      'no metadata can be put into this response: its body has begun; hand it over before write() and flushHeaders()',
    );
  }
  if (header && res.chunkedEncoding) {
    throw refusal(
      'ERR_FLUMEN_ICY',
      'no metadata can be put into this response: its head says Transfer-Encoding: chunked; use setHeader() instead of writeHead()',
    );
  }
  const said = header ? /\r\nicy-metaint: *([^\r]*)/i.exec(header)?.[1] : res.getHeader(METAINT);
  if (header && said === undefined) {
    throw refusal(
      'ERR_FLUMEN_ICY',
      'no metadata can be put into this response: its head has no icy-metaint; set it before writeHead()',
    );
  }
  const interval = Number(said ?? wish.interval ?? ICY_INTERVAL.usual);
  const { min, max } = ICY_INTERVAL;
  if (!Number.isInteger(interval) || interval < min || interval > max) {
    throw new RangeError(`${METAINT} must be a whole number from ${min} to ${max}, not ${said}`);
  }
  if (wish.interval !== undefined && wish.interval !== interval) {
    throw new RangeError(`icyInterval (${wish.interval}) is not what the head's ${METAINT} says (${said})`);
  }
  return interval;
}

/** Makes a head that is still to be composed announce the interval. The return value takes that back. */
export function announceIcy(res: http.ServerResponse, interval: number): () => void {
  if (res.hasHeader(METAINT)) return () => {};
  res.setHeader(METAINT, interval);
  return () => res.removeHeader(METAINT);
}
