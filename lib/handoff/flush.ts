/** Waits until everything that was written to a socket is in the kernel, or the socket is lost. */
import type net from 'node:net';
import { isGone } from './descriptor.js';

/** Hears once how the wait ended. */
export interface FlushWaiter {
  flushed(): void;
  lost(error: Error | undefined): void;
}

/**
 * Calls exactly one of the waiter's methods, never before it has returned. Its listeners are gone when `flushed` is
 * called; after `lost` they stay until 'close', so that the socket's own 'error' event never goes unhandled.
 */
export function whenFlushed(socket: net.Socket, waiter: FlushWaiter): void {
  let waiting = true;
  const lose = (): void => {
    if (!waiting) return;
    waiting = false;
    waiter.lost(reasonOf(socket));
  };
  const removeListeners = (): void => {
    socket.removeListener('error', lose);
    socket.removeListener('close', onClose);
  };
  const onClose = (): void => {
    removeListeners();
    lose();
  };
  const onWritten = (error?: Error | null): void => {
    if (!waiting) return;
    if (error || isGone(socket)) {
      lose();
      return;
    }
    // Somebody has written more meanwhile: this callback stood in the middle of the queue.
    if (socket.writableLength > 0) {
      socket.write('', onWritten);
      return;
    }
    waiting = false;
    removeListeners();
    waiter.flushed();
  };
  socket.on('error', lose);
  socket.on('close', onClose);
  // An empty write is the one public way to get a callback after all earlier writes.
  socket.write('', onWritten);
}

/** Why a socket was lost. That a local destroy() cancels its own writes is no reason. */
function reasonOf(socket: net.Socket): Error | undefined {
  const error: NodeJS.ErrnoException | null = socket.errored;
  return error === null || error.code === 'ECANCELED' ? undefined : error;
}
