/** From an address to a connected socket. */
import net from 'node:net';
import type { AddOptions } from '../sink/client.js';
import type { AttachOptions } from '../source/fd-source.js';
import { type Address, showAddress } from './address.js';

/** A connection that is ready to be handed over, and what must be known of it. */
export interface Dialled {
  readonly socket: net.Socket;
  /** For a sink. */
  readonly add?: AddOptions;
  /** For a source. */
  readonly attach?: AttachOptions;
}

/** Makes a connection; rejects when it cannot, and at once when the signal says so. */
export type Dial = (signal: AbortSignal) => Promise<Dialled>;

/** ms until an address that does not answer is given up; the kernel would take two minutes. */
export const CONNECT_TIMEOUT = 10_000;
/** ms after which the next of several addresses is tried. Node's 250 give up networks that are only slow. */
const NEXT_ADDRESS = 1_000;

/** Resolves with a socket that Node has read nothing of. Every address that a name stands for is tried. */
export function dialAddress(address: Address, signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      ...address,
      allowHalfOpen: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS,
    });
    const late = setTimeout(() => fail(timedOut(address)), CONNECT_TIMEOUT);
    const abort = () => fail(signal.reason as Error);
    const settle = () => {
      clearTimeout(late);
      signal.removeEventListener('abort', abort);
    };
    const fail = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    // Stays for the life of the socket: a reset before the handoff is found by the handoff.
    socket.on('error', (error) => fail(legible(error, address)));
    socket.once('connect', () => {
      settle();
      socket.pause();
      resolve(socket);
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

function timedOut(address: Address): Error {
  const error = new Error(`connect ETIMEDOUT ${showAddress(address)}: no answer in ${CONNECT_TIMEOUT} ms`);
  return Object.assign(error, { code: 'ETIMEDOUT', errno: -110, syscall: 'connect' });
}

/** Node says what happened to each of several addresses, and nothing in the message of the whole. */
function legible(error: NodeJS.ErrnoException & { errors?: unknown[] }, address: Address): Error {
  const [first] = error.errors ?? [];
  if (!(first instanceof Error)) return error;
  const each = error.errors?.map((one) => (one as Error).message).join(', ');
  const { code, errno } = first as NodeJS.ErrnoException;
  const whole = new Error(`connect ${code} ${showAddress(address)} (${each})`, { cause: error });
  return Object.assign(whole, { code, errno, syscall: 'connect' });
}
