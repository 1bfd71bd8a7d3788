/**
 * The raw front of the server. Node's http parser cannot take what encoders send (a PUT with neither Content-Length nor
 * Transfer-Encoding has an empty body for it), so connections are accepted by a net server, the request head is read
 * here, and whoever gets the request decides: keep the socket, answer it, or pass it on to a normal http server.
 *
 * Ten thousand clients may dial at once: the listeners are shared functions, there is one timer for all deadlines, and a
 * connection's record is dropped as soon as its head is complete.
 */

import net from 'node:net';
import { type Head, HeadScanner, parseHead, RequestError } from '../http/head.js';
import { type Reply, renderReply, reply } from '../http/reply.js';
import { parseTarget, type Target } from '../http/target.js';

/** A complete request head on a socket that nobody reads from any more. */
export interface FrontRequest {
  readonly socket: net.Socket;
  readonly head: Head;
  readonly target: Target;
  /** All that was read: the head and what followed it. */
  readonly bytes: Buffer;
  /** What followed the head. */
  readonly rest: Buffer;
}

export interface FrontOptions {
  /** Called with each complete request. A RequestError thrown from it is sent to the client. */
  readonly request: (request: FrontRequest) => void;
  /** Called with requests that have no path, such as `OPTIONS *`. */
  readonly pathless: (socket: net.Socket, bytes: Buffer) => void;
  /** May one more connection be taken? Asked at each accept. */
  readonly admit: () => 'yes' | 'busy' | 'drop';
  /** Told what should not have been thrown; the request has been answered 500. */
  readonly trouble: (error: unknown) => void;
  /** ms in which a head must be complete. */
  readonly headTimeout: number;
}

/** The kernel caps this at net.core.somaxconn. */
const BACKLOG = 8192;
const SWEEP_MS = 250;
/** How long, and for how many bytes, a refused client may keep on sending so that it gets to read the refusal. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 4 << 20;

const STATE = Symbol('flumen.front');

/** A connection whose head is incomplete, or that has been refused and lingers. */
class Waiting {
  readonly front: Front;
  readonly scanner = new HeadScanner();
  deadline: number;
  /** Pieces of a head that came in several; most come in one. */
  parts: Buffer[] | undefined;
  lingering = false;
  lingered = 0;

  constructor(front: Front, deadline: number) {
    this.front = front;
    this.deadline = deadline;
  }
}

interface FrontSocket extends net.Socket {
  [STATE]?: Waiting | undefined;
}

function onData(this: FrontSocket, chunk: Buffer): void {
  const waiting = this[STATE];
  if (waiting !== undefined) waiting.front._data(this, waiting, chunk);
}

function onEnd(this: FrontSocket): void {
  // Behind a complete head a FIN is for whoever took the request. A refused client still gets its answer.
  if (this[STATE]?.lingering) this.destroySoon();
  else if (this[STATE] !== undefined) this.destroy();
}

function onError(): void {
  // 'close' follows and does the bookkeeping; a peer that resets is no news.
}

export class Front {
  readonly server: net.Server;
  readonly #options: FrontOptions;
  readonly #waiting = new Set<FrontSocket>();
  readonly #held = new Set<net.Socket>();
  readonly #onClose: (this: FrontSocket) => void;
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    const held = this.#held;
    const waiting = this.#waiting;
    this.#onClose = function (this: FrontSocket) {
      held.delete(this);
      if (waiting.delete(this)) this[STATE] = undefined;
    };
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Sockets that Node holds now, whoever reads from them; handed-over ones are not among them. */
  get held(): number {
    return this.#held.size;
  }

  /** Resolves when connections are accepted; rejects with the system's error (EADDRINUSE, EACCES, …). */
  listen(host: string, port: number): Promise<net.AddressInfo> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog: BACKLOG }, () => {
        this.server.off('error', reject);
        resolve(this.server.address() as net.AddressInfo);
      });
    });
  }

  /** Stops accepting. The sockets that Node still holds are cut by `cut()`. */
  stop(): Promise<void> {
    this.#unwatch();
    return new Promise((resolve) => {
      if (this.server.listening) this.server.close(() => resolve());
      else resolve();
      // close() waits for the connections that are still open; the caller cuts those.
    });
  }

  /** Destroys every socket that Node still holds. */
  cut(): void {
    for (const socket of this.#held) socket.destroy();
  }

  /** Answers and closes, reading on for a while so that the answer is not lost in a reset. */
  refuse(socket: net.Socket, answer: Reply, minor: 0 | 1 = 1, headOnly = false): void {
    this.finish(socket, renderReply(answer, minor, headOnly));
  }

  /** The same with a complete answer. */
  finish(socket: net.Socket, answer: Uint8Array): void {
    if (socket.destroyed) return;
    const front = socket as FrontSocket;
    const waiting = front[STATE] ?? new Waiting(this, 0);
    waiting.lingering = true;
    waiting.parts = undefined;
    waiting.deadline = performance.now() + LINGER_MS;
    front[STATE] = waiting;
    this.#watch(front);
    if (socket.listenerCount('data') === 0) socket.on('data', onData);
    socket.end(answer);
    socket.resume();
  }

  /** Gives the socket, with what was read from it, to an http server that need not listen. */
  passOn(socket: net.Socket, bytes: Buffer, server: net.Server): void {
    socket.off('end', onEnd);
    socket.off('error', onError);
    socket.unshift(bytes);
    server.emit('connection', socket);
    socket.resume();
  }

  #accept(socket: net.Socket): void {
    const verdict = this.#options.admit();
    if (verdict === 'drop') {
      socket.destroy();
      return;
    }
    const front = socket as FrontSocket;
    this.#held.add(socket);
    socket.on('end', onEnd).on('error', onError).on('close', this.#onClose);
    if (verdict === 'busy') {
      this.refuse(socket, reply(503, 'This server is full, please try again later', [['Retry-After', '10']]));
      return;
    }
    front[STATE] = new Waiting(this, performance.now() + this.#options.headTimeout);
    this.#watch(front);
    socket.on('data', onData);
  }

  /** Called by the shared listener. */
  _data(socket: FrontSocket, waiting: Waiting, chunk: Buffer): void {
    if (waiting.lingering) {
      waiting.lingered += chunk.length;
      if (waiting.lingered > LINGER_BYTES) socket.destroy();
      return;
    }
    try {
      const end = waiting.scanner.scan(chunk);
      if (end < 0) {
        waiting.parts ??= [];
        waiting.parts.push(chunk);
        return;
      }
      this.#complete(socket, waiting, chunk, end);
    } catch (error) {
      if (error instanceof RequestError) {
        this.refuse(socket, reply(error.status, error.message));
        return;
      }
      // One request that goes wrong must not cost ten thousand others their stream.
      this.#options.trouble(error);
      this.refuse(socket, reply(500, 'Something went wrong here'));
    }
  }

  #complete(socket: FrontSocket, waiting: Waiting, chunk: Buffer, end: number): void {
    const parts = waiting.parts;
    const bytes = parts === undefined ? chunk : Buffer.concat([...parts, chunk]);
    const headEnd = bytes.length - chunk.length + end;
    const head = parseHead(bytes.subarray(0, headEnd));
    const target = head.target === '*' && head.method === 'OPTIONS' ? undefined : parseTarget(head.target);
    // From here on the record is gone and what else arrives stays in the socket.
    this.#waiting.delete(socket);
    socket[STATE] = undefined;
    socket.off('data', onData);
    socket.pause();
    if (target === undefined) this.#options.pathless(socket, bytes);
    else this.#options.request({ socket, head, target, bytes, rest: bytes.subarray(headEnd) });
  }

  /** The timer runs while somebody has a deadline: a server that only streams is not woken four times a second. */
  #watch(socket: FrontSocket): void {
    this.#waiting.add(socket);
    this.#sweep ??= setInterval(() => this.#expire(performance.now()), SWEEP_MS).unref();
  }

  #unwatch(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #expire(now: number): void {
    if (this.#waiting.size === 0) this.#unwatch();
    for (const socket of this.#waiting) {
      const waiting = socket[STATE] as Waiting;
      if (waiting.deadline > now) continue;
      if (waiting.lingering) socket.destroy();
      else
        this.refuse(
          socket,
          reply(408, `No complete request head came within ${this.#options.headTimeout} ms`),
        );
    }
  }
}
