/** What passes between a handoff and the one who receives the descriptor (a sink or a source). */
import { constants } from 'node:os';

/** A connection at the moment it changes hands. */
export interface Handed {
  /** Open and owned by Node until `take()` returns. */
  fd: number;
  /** Bytes that Node had read from the peer and nobody had consumed yet (`net.Socket` only). */
  prelude: Uint8Array | undefined;
  /** Bytes that must reach the peer before anything else: the response head that Node has not sent. */
  head: Uint8Array | undefined;
  /** How the head (sent or not) has announced the body: `chunked` is HTTP/1.1 chunked coding. */
  framing: 'raw' | 'chunked';
  /** Bytes of body between two pieces of ICY metadata, where they were asked for: the head announces them. */
  icyInterval?: number | undefined;
}

/** Receives a descriptor; for one `handOff()` exactly one of the two is called, once. */
export interface Taker {
  /**
   * Must dup `handed.fd` before it returns. When it throws, nothing was taken: before `handOff()` has returned the
   * error goes to its caller and the target stays usable, later it goes to `vanished()` and the target is destroyed.
   */
  take(handed: Handed): void;
  /**
   * The connection was gone before it could be taken: closed or reset by the peer, or destroyed. Always called
   * after `handOff()` has returned; `error` is there when Node or the kernel gave one.
   */
  vanished(error?: Error): void;
}

const { ECONNRESET, ENOTCONN, EPIPE } = constants.errno;

/**
 * Offers the descriptor to the taker. False when the taker has found the peer gone, by a reset that Node has not
 * noticed yet: then the connection has vanished, which is nobody's misuse and never thrown.
 */
export function offer(taker: Taker, handed: Handed): boolean {
  try {
    taker.take(handed);
    return true;
  } catch (error) {
    const errno = Math.abs((error as NodeJS.ErrnoException | undefined)?.errno ?? 0);
    if (errno === ENOTCONN || errno === ECONNRESET || errno === EPIPE) return false;
    throw error;
  }
}

/** Reports to the taker in a tick of its own, so that nobody hears of an end before `handOff()` has returned. */
export function vanishLater(taker: Taker, error: Error | undefined): void {
  process.nextTick(vanish, taker, error);
}

function vanish(taker: Taker, error: Error | undefined): void {
  taker.vanished(error);
}
