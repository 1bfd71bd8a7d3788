/**
 * The only place that touches what Node keeps to itself: the handle below a socket and the pending head of a
 * response. Node has no public way to give a connection away, so these few fields are all there is; each has kept
 * its meaning from Node 20 to 26, and the tests exercise every one.
 */
import type http from 'node:http';
import type net from 'node:net';
import { refusal, refuseHttp2, refuseTls } from './refuse.js';

/** The private side of a `net.Socket`. */
interface SocketInternals {
  /** libuv's handle; null before a connect and after destroy. `fd` is −1 once closed, absent for a wrapped stream. */
  _handle?: { fd?: number } | null;
  /** The HTTP parser that reads this socket, if one does. */
  parser?: unknown;
  destroySoon: () => void;
}

/** The private side of an `http.ServerResponse`. */
interface ResponseInternals {
  /** The head as text, once writeHead() has run. */
  _header: string | null;
  /** Whether that text has gone to the socket. */
  _headerSent: boolean;
  /** Whether the connection ends with this response. */
  _last: boolean;
  /** The field behind `writableEnded`. */
  finished: boolean;
}

export const internalsOf = (res: http.ServerResponse): ResponseInternals =>
  res as unknown as ResponseInternals;

const socketInternals = (socket: net.Socket): SocketInternals => socket as unknown as SocketInternals;

/** The socket's descriptor; −1 when it has none (any more). */
export function descriptorOf(socket: net.Socket): number {
  return socketInternals(socket)._handle?.fd ?? -1;
}

/** Whether an HTTP parser reads this socket: then its response must be handed over, not the socket. */
export function hasHttpParser(socket: net.Socket): boolean {
  return Boolean(socketInternals(socket).parser);
}

/** Throws a Refusal for a socket that never could be taken; one that was fine and has gone is not refused. */
export function judgeDescriptor(socket: net.Socket): void {
  if (isHttp2Proxy(socket)) throw refuseHttp2('socket');
  if ((socket as { encrypted?: boolean }).encrypted === true) throw refuseTls();
  if (socket.connecting) {
    throw refusal(
      'ERR_FLUMEN_NOT_CONNECTED',
      "this socket is still connecting: wait for its 'connect' event",
    );
  }
  if (socket.destroyed) return;
  const handle = socketInternals(socket)._handle;
  if (!handle) {
    throw refusal('ERR_FLUMEN_NOT_CONNECTED', 'this socket is not connected: it has no file descriptor');
  }
  if (typeof handle.fd !== 'number') {
    throw refusal(
      'ERR_FLUMEN_NO_DESCRIPTOR',
      'cannot take over this socket: it wraps another stream and has no file descriptor of its own',
    );
  }
}

/**
 * Whether the connection is lost or on its way out. A socket that Node ends by itself because the peer has sent FIN
 * (no half-open connections) counts as well: its own FIN is queued and cannot be called back.
 */
export function isGone(socket: net.Socket): boolean {
  return socket.destroyed || socket.errored !== null || socket.writableEnded || descriptorOf(socket) < 0;
}

/** Whether the peer has sent FIN and Node has noticed. */
export function sawFin(socket: net.Socket): boolean {
  return (
    socket.readableEnded || (socket as unknown as { _readableState: { ended: boolean } })._readableState.ended
  );
}

/** Makes the response look complete: head sent, nothing more to come. */
export function markFinished(res: http.ServerResponse): void {
  const internal = internalsOf(res);
  internal._headerSent = true;
  internal.finished = true;
  // Up to Node 22 this follows from the above; later Node remembers it apart. Apps ask for it when 'close' comes.
  if (!res.writableFinished) Object.defineProperty(res, 'writableFinished', FINISHED);
}

const FINISHED: PropertyDescriptor = { value: true, configurable: true };

function ignore(): void {}

/**
 * Keeps Node's HTTP server from touching the connection when it hears that the response has finished: neither a
 * shutdown (what destroySoon does first) nor the bytes of a pipelined next response may reach the peer.
 */
export function muteServer(res: http.ServerResponse, socket: net.Socket): void {
  internalsOf(res)._last = true;
  socketInternals(socket).destroySoon = ignore;
}

/** The socket of an HTTP/2 session is a proxy that forbids these members by throwing. */
function isHttp2Proxy(socket: net.Socket): boolean {
  try {
    return typeof socket.read !== 'function';
  } catch {
    return true;
  }
}
