/** The response head of a stream without an end: built by Node itself from what the app has set. */
import type http from 'node:http';
import { internalsOf } from './descriptor.js';

/**
 * Makes Node compose the head of a response that has none yet, for a body that ends with the connection. All that
 * the app has set survives, with its case and its repeated lines, and so does what middleware adds by wrapping
 * writeHead(). Nothing is sent.
 */
export function composeHead(res: http.ServerResponse): void {
  // Removing both lengths is Node's own way of asking for a body that lasts until the close.
  res.removeHeader('Content-Length');
  res.removeHeader('Transfer-Encoding');
  res.removeHeader('Trailer');
  res.removeHeader('Keep-Alive');
  res.setHeader('Connection', 'close');
  const encoding = res.getHeader('Content-Encoding');
  res.writeHead(res.statusCode);
  if (res.getHeader('Content-Encoding') !== encoding) dropContentEncoding(res);
}

/** Undoes composeHead(), so that the app can still answer with an error; `statusMessage` is the one before. */
export function forgetHead(res: http.ServerResponse, statusMessage: string): void {
  internalsOf(res)._header = null;
  res.statusMessage = statusMessage;
}

/** The head that has been composed and not sent; undefined when the peer has it already. */
export function pendingHead(res: http.ServerResponse): Uint8Array | undefined {
  const { _header: header, _headerSent: sent } = internalsOf(res);
  return sent || !header ? undefined : Buffer.from(header, 'latin1');
}

/** Whether the head, sent or not, has promised a length. */
export function promisesLength(res: http.ServerResponse): boolean {
  return /\r\nContent-Length:/i.test(internalsOf(res)._header ?? '');
}

/** A compressing middleware announced a coding while the head was written, but the body never passes through it. */
function dropContentEncoding(res: http.ServerResponse): void {
  const internal = internalsOf(res);
  internal._header = internal._header?.replace(/\r\nContent-Encoding:[^\r\n]*/gi, '') ?? null;
}
