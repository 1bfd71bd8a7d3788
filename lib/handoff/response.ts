/** Handing over an `http.ServerResponse`: plain http, Express, or Fastify after `reply.hijack()`. */
import type http from 'node:http';
import net from 'node:net';
import { descriptorOf, isGone, judgeDescriptor, markFinished, muteServer } from './descriptor.js';
import { whenFlushed } from './flush.js';
import { composeHead, forgetHead, pendingHead, promisesLength } from './head.js';
import { announceIcy, type IcyWish, judgeIcy } from './icy.js';
import { refusal } from './refuse.js';
import { uncork } from './socket.js';
import { offer, type Taker, vanishLater } from './taker.js';

export function handOffResponse(res: http.ServerResponse, taker: Taker, icy?: IcyWish): void {
  judgeBody(res);
  const interval = icy === undefined ? undefined : judgeIcy(res, icy);
  if (res.socket === null && res.req.socket instanceof net.Socket) {
    takeInTurn(res, res.req.socket, taker, icy);
    return;
  }
  const socket = judgeConnection(res);
  if (res.destroyed || isGone(socket)) {
    vanishLater(taker, socket.errored ?? undefined);
    return;
  }
  const fresh = !res.headersSent;
  const { statusMessage } = res;
  const forgetIcy = fresh && interval !== undefined ? announceIcy(res, interval) : undefined;
  if (fresh) composeHead(res);
  uncorkResponse(res, socket);
  if (res.writableLength > 0) {
    takeWhenFlushed(res, socket, taker, interval);
    return;
  }
  try {
    if (!take(res, socket, taker, interval)) return;
  } catch (error) {
    if (fresh) forgetHead(res, statusMessage);
    forgetIcy?.();
    throw error;
  }
  finish(res, socket);
}

/**
 * A response whose request was pipelined has no socket before those in front of it are through. Whether a client pipelines
 * is not in the app's hands, so it must not become an error of its handler.
 */
function takeInTurn(res: http.ServerResponse, connection: net.Socket, taker: Taker, icy?: IcyWish): void {
  if (connection.destroyed) {
    vanishLater(taker, connection.errored ?? undefined);
    return;
  }
  const onClose = (): void => {
    res.removeListener('socket', onSocket);
    taker.vanished(connection.errored ?? undefined);
  };
  const onSocket = (): void => {
    connection.removeListener('close', onClose);
    // Node is still at giving it the socket.
    process.nextTick(() => {
      try {
        handOffResponse(res, taker, icy);
      } catch (error) {
        connection.destroy();
        taker.vanished(error as Error);
      }
    });
  };
  connection.once('close', onClose);
  res.once('socket', onSocket);
}

function judgeBody(res: http.ServerResponse): void {
  if (res.writableEnded) {
    throw refusal(
      'ERR_FLUMEN_ENDED',
      'cannot take over this response: end() has been called on it, or it has been handed over already',
    );
  }
  if (res.req?.method === 'HEAD') {
    throw refusal('ERR_FLUMEN_NO_BODY', 'the answer to a HEAD request has no body: call res.end() instead');
  }
  const status = res.statusCode;
  if (status < 200 || status === 204 || status === 205 || status === 304) {
    throw refusal('ERR_FLUMEN_NO_BODY', `a response with status ${status} has no body to stream`);
  }
  if (res.headersSent && promisesLength(res)) {
    throw refusal(
      'ERR_FLUMEN_CONTENT_LENGTH',
      'this response has promised a Content-Length in writeHead(): a live stream has none',
    );
  }
}

function judgeConnection(res: http.ServerResponse): net.Socket {
  const socket: unknown = res.socket;
  if (!socket) {
    throw refusal('ERR_FLUMEN_NO_SOCKET', 'this response has no socket: it belongs to no connection');
  }
  if (!(socket instanceof net.Socket)) {
    throw refusal(
      'ERR_FLUMEN_NO_DESCRIPTOR',
      'cannot take over this response: its connection is injected, a stream without a file descriptor',
    );
  }
  judgeDescriptor(socket);
  return socket;
}

/** Undoes each res.cork() through the response, which frames what it held back, then what is left on the socket. */
function uncorkResponse(res: http.ServerResponse, socket: net.Socket): void {
  while (res.writableCorked > 0) res.uncork();
  uncork(socket);
}

/** False when the client turned out to be gone; that has then been reported. */
function take(
  res: http.ServerResponse,
  socket: net.Socket,
  taker: Taker,
  icyInterval: number | undefined,
): boolean {
  const framing = res.chunkedEncoding ? 'chunked' : 'raw';
  const fd = descriptorOf(socket);
  const taken = offer(taker, { fd, prelude: undefined, head: pendingHead(res), framing, icyInterval });
  if (!taken) {
    socket.destroy();
    vanishLater(taker, undefined);
  }
  return taken;
}

function takeWhenFlushed(
  res: http.ServerResponse,
  socket: net.Socket,
  taker: Taker,
  interval: number | undefined,
): void {
  whenFlushed(socket, {
    flushed() {
      // The app may have ended the response meanwhile; then Node has let go of the socket.
      if (res.socket !== socket || res.writableEnded) {
        taker.vanished();
        return;
      }
      try {
        if (!take(res, socket, taker, interval)) return;
      } catch (error) {
        socket.destroy();
        taker.vanished(error as Error);
        return;
      }
      finish(res, socket);
    },
    lost: (error) => taker.vanished(error),
  });
}

/**
 * Lets the app and Node's server see an ordinary, complete response, then closes Node's descriptor. The order
 * matters: 'finish' takes the request off the server's list, so that the closing socket aborts nothing.
 */
function finish(res: http.ServerResponse, socket: net.Socket): void {
  markFinished(res);
  muteServer(res, socket);
  try {
    res.emit('finish');
  } catch (error) {
    // A listener's own failure is not the caller's: the client is taken. It surfaces where Node would show it.
    process.nextTick(raise, error);
  }
  socket.destroy();
}

function raise(error: unknown): never {
  throw error;
}
