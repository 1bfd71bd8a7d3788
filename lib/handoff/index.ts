/**
 * Takes a connected descriptor away from Node. JavaScript has done its part (accepted, authenticated, chosen the
 * headers); from here the native side owns the connection, and Node forgets it without the peer noticing: the
 * descriptor is duplicated before Node closes its own, so neither FIN nor RST is sent.
 */
import http from 'node:http';
import net from 'node:net';
import type { Readable } from 'node:stream';
import type { IcyWish } from './icy.js';
import { refusal, refuseUnknown } from './refuse.js';
import { handOffResponse } from './response.js';
import { handOffSocket } from './socket.js';
import type { Taker } from './taker.js';

export { ICY_INTERVAL } from './icy.js';
export type { Refusal, RefusalCode } from './refuse.js';
export type { Handed, Taker } from './taker.js';

/**
 * What can be handed over: a response, a descriptor, or a `net.Socket` under whichever type Node gives it: the socket of an
 * `upgrade` is typed as a Duplex, the output of a child process as a Readable. Streams that are none are refused.
 */
export type Target = Readable | http.ServerResponse | number;

/** The greatest descriptor the kernel can give out. */
const FD_MAX = 2 ** 31 - 1;

/**
 * Hands `target` to `taker`. What cannot be handed over at all is refused at once: a `TypeError` with a `code`
 * (ERR_FLUMEN_TLS, ERR_FLUMEN_HTTP2, ERR_FLUMEN_NO_BODY…), and the target is left as it was. All that happens later
 * goes to the taker. When nothing waits to be written, `take()` has run by the time this returns; otherwise it runs
 * as soon as Node's buffers are empty.
 *
 * A number is only passed on: the caller keeps that descriptor, and the native side judges it. `icy` makes the head of a
 * response announce metadata; for anything else the caller has seen to that.
 */
export function handOff(target: Target, taker: Taker, icy?: IcyWish): void {
  if (typeof target === 'number') handOffNumber(target, taker);
  else if (target instanceof http.ServerResponse) handOffResponse(target, taker, icy);
  else if (target instanceof net.Socket) handOffSocket(target, taker);
  else throw refuseUnknown(target);
}

/** Gives up a target that still waits to be taken: it is destroyed, and what Node has for the peer is lost. */
export function cutOff(target: Target): void {
  if (typeof target !== 'number') target.destroy();
}

function handOffNumber(fd: number, taker: Taker): void {
  if (!Number.isInteger(fd) || fd < 0 || fd > FD_MAX) {
    throw refusal('ERR_FLUMEN_BAD_FD', `${fd} is not a file descriptor: an integer from 0 is needed`);
  }
  taker.take({ fd, prelude: undefined, head: undefined, framing: 'raw' });
}
