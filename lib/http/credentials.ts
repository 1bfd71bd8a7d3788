/** Basic authentication (RFC 7617). */

import { createHash, timingSafeEqual } from 'node:crypto';
import { type Reply, reply } from './reply.js';

/**
 * The answer to a source without, or with wrong, credentials. It is also the answer to libshout's first request, which
 * never has any: the Allow line tells it that it may upload by PUT.
 */
export const SOURCE_CHALLENGE: Reply = reply(401, 'You need to authenticate', [
  ['WWW-Authenticate', 'Basic realm="flumen source"'],
  ['Allow', 'GET, PUT, OPTIONS, SOURCE'],
]);

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Reads an Authorization header; undefined when there is none or it is not Basic. */
export function parseBasic(header: string | undefined): Credentials | undefined {
  const match = header === undefined ? null : /^basic +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header);
  if (match === null) return undefined;
  const text = Buffer.from(match[1] as string, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Whether an Authorization header is that of a source: user `source` and the password. */
export function isSource(header: string | undefined, password: string): boolean {
  const credentials = parseBasic(header);
  if (credentials === undefined) return false;
  const same = sameSecret(credentials.password, password);
  return credentials.user === 'source' && same;
}

/** Compares two secrets in a time that tells nothing about them, their lengths included. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}
