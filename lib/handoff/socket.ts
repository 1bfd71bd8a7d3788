/** Handing over a `net.Socket`: TCP, unix, or the socket of an `upgrade` event. */
import type net from 'node:net';
import { descriptorOf, hasHttpParser, isGone, judgeDescriptor, sawFin } from './descriptor.js';
import { whenFlushed } from './flush.js';
import { refusal } from './refuse.js';
import { offer, type Taker, vanishLater } from './taker.js';

export function handOffSocket(socket: net.Socket, taker: Taker): void {
  judgeSocket(socket);
  uncork(socket);
  if (isGone(socket)) {
    swallowPendingError(socket);
    vanishLater(taker, socket.errored ?? undefined);
  } else if (socket.writableLength === 0) {
    take(socket, taker);
  } else {
    takeWhenFlushed(socket, taker);
  }
}

/** Lets corked writes go, however often cork() was called. */
export function uncork(socket: net.Socket): void {
  while (socket.writableCorked > 0) socket.uncork();
}

function judgeSocket(socket: net.Socket): void {
  judgeDescriptor(socket);
  if (socket.destroyed) return;
  if (hasHttpParser(socket)) {
    throw refusal(
      'ERR_FLUMEN_HTTP_SOCKET',
      'this socket belongs to an HTTP exchange: pass the http.ServerResponse instead of its socket',
    );
  }
  if (socket.writableEnded && !sawFin(socket)) {
    throw refusal('ERR_FLUMEN_ENDED', 'cannot take over this socket: end() has been called on it');
  }
}

function take(socket: net.Socket, taker: Taker): void {
  const fd = descriptorOf(socket);
  const prelude = readUnread(socket);
  try {
    const taken = offer(taker, { fd, prelude, head: undefined, framing: 'raw' });
    if (!taken) vanishLater(taker, undefined);
  } catch (error) {
    if (prelude && !socket.readableEnded) socket.unshift(prelude);
    throw error;
  }
  socket.destroy();
}

function takeWhenFlushed(socket: net.Socket, taker: Taker): void {
  whenFlushed(socket, {
    flushed() {
      try {
        take(socket, taker);
      } catch (error) {
        socket.destroy();
        taker.vanished(error as Error);
      }
    },
    lost: (error) => taker.vanished(error),
  });
}

/** Takes what Node has read and nobody has consumed. 'data' listeners do not see it: it belongs to the taker now. */
function readUnread(socket: net.Socket): Uint8Array | undefined {
  if (socket.readableLength === 0) return undefined;
  socket.removeAllListeners('data');
  const parts: Uint8Array[] = [];
  // From Node 26 on, read() gives one buffer at a time.
  for (;;) {
    const part: Buffer | string | null = socket.read();
    if (part === null) break;
    parts.push(typeof part === 'string' ? Buffer.from(part, socket.readableEncoding ?? 'utf8') : part);
  }
  return parts.length > 1 ? Buffer.concat(parts) : parts[0];
}

/** A socket that has failed but not yet said so must not bring the process down with an unhandled 'error'. */
function swallowPendingError(socket: net.Socket): void {
  socket.once('error', ignore);
}

function ignore(): void {}
