/** From a request target to a mount path and a query. */

import { RequestError } from './head.js';

/** Longest decoded path, in characters. */
const MAX_PATH = 1024;

export interface Target {
  /** Percent-decoded, begins with "/". */
  readonly path: string;
  /** As sent, without the "?"; empty when there is none. */
  readonly query: string;
}

const ABSOLUTE = /^https?:\/\/[^/?#]*/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Takes origin form (`/live.mp3?x=1`) and absolute form (`http://host/live.mp3`) (RFC 9112 §3.2).
 * @throws RequestError 400 when it is neither, is badly encoded, or climbs with ".."
 */
export function parseTarget(target: string): Target {
  const local = target.charCodeAt(0) === 47 ? target : target.replace(ABSOLUTE, '');
  const mark = local.indexOf('?');
  const raw = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? '' : local.slice(mark + 1);
  if (raw === '' && local !== target) return { path: '/', query };
  if (raw.charCodeAt(0) !== 47) throw new RequestError(400, 'The request path must begin with "/"');
  const path = raw.includes('%') ? decode(raw) : raw;
  if (path.length > MAX_PATH)
    throw new RequestError(414, `The request path is longer than ${MAX_PATH} characters`);
  if (CONTROL.test(path)) throw new RequestError(400, 'The request path holds a control character');
  if (path.includes('..') && path.split('/').includes('..')) {
    throw new RequestError(400, 'The request path must not hold ".."');
  }
  return { path, query };
}

function decode(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new RequestError(400, 'The request path is not valid percent-encoded UTF-8');
  }
}
