/** What connects out: one connection at a time, and a new one when it has gone. Base of ClientSink and ClientSource. */
import { EventEmitter } from 'node:events';
import { flumenError } from '../errors.js';
import type { RemovalReason } from '../sink/client.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import type { SourceWarning, StreamDescription } from '../source/notes.js';
import { type Peer, peerOf } from './address.js';
import { type Backoff, checkReconnect, type ReconnectOptions } from './backoff.js';
import type { Dial, Dialled } from './dial.js';
import { checkSignal } from './signal.js';
import { SinkWatch } from './watch.js';

export interface ClientEndpointOptions {
  /** How connecting is tried again, after a failure and after a connection that has gone. Default { initial: 500, max: 30000 }. */
  reconnect?: ReconnectOptions | false;
  /** Closes the end point. */
  signal?: AbortSignal;
}

/** Names of ClientEndpointOptions. */
export const CLIENT_KEYS = ['reconnect', 'signal'] as const satisfies (keyof ClientEndpointOptions)[];

/** Why a connection has gone. */
export interface Departure {
  /** Of a sink's client: as in client-removed. Of a source: ended (FIN, or the body is complete), timeout, error. */
  reason: RemovalReason;
  error?: Error;
}

/** The next attempt to connect. */
export interface Retry {
  /** Counted from 1 since the last connection that lasted. */
  attempt: number;
  /** ms until it is made. */
  delay: number;
  /** What became of the last attempt; absent after a connection that was made and has gone. */
  error?: Error;
}

export interface ClientEndpointEvents {
  connect: [Peer];
  disconnect: [Departure];
  /** Another attempt will be made. */
  reconnect: [Retry];
  /** Of sources: something of the peer's stream could not be used, see FdSource. */
  warning: [SourceWarning];
  /** Of sources: what the peer's stream is, see FdSource. */
  format: [StreamDescription];
  /** Without `reconnect`: it could not connect. The end point is closed. Emitted only to those who listen. */
  error: [Error];
  /** Closed: by close(), the signal, the end of its sink, or because there is nothing to connect again for. */
  close: [];
}

type State = 'idle' | 'dialling' | 'connected' | 'waiting' | 'closed';

export abstract class ClientEndpoint extends EventEmitter<ClientEndpointEvents> {
  /** What the connection is a client of, or writes into. Its end closes the end point. */
  abstract readonly sink: MultiHandleSink;
  readonly #dial: Dial;
  readonly #backoff: Backoff | undefined;
  readonly #cancel = new AbortController();
  readonly #signal: AbortSignal | undefined;
  readonly #onClose = (): void => void this.close();
  #state: State = 'idle';
  #connectedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #first: Promise<void> | undefined;
  /** Why it closed by itself. */
  #failure: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(dial: Dial, options: ClientEndpointOptions) {
    super();
    this.#dial = dial;
    this.#backoff = checkReconnect(options.reconnect);
    this.#signal = checkSignal(options.signal);
  }

  /** Hands the connection over. What it throws is as if the connection could not be made. */
  protected abstract take(dialled: Dialled): void;
  /** Lets the connection go, if there is one, and whatever else is held. */
  protected abstract release(): Promise<void>;

  /** Whether there is a connection now. */
  get connected(): boolean {
    return this.#state === 'connected';
  }

  /** Whether it is closed, or about to be: there will be no other connection. */
  get closed(): boolean {
    return this.#state === 'closed';
  }

  /**
   * Begins to connect. Resolves with the first connection; rejects when there will be none. It may be left alone: the
   * events say the same.
   */
  connect(): Promise<void> {
    this.#first ??= this.#begin();
    return this.#first;
  }

  /** Ends the connection and makes no other one. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #begin(): Promise<void> {
    const first = new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        this.off('connect', onConnect).off('close', onClose);
      };
      const onConnect = (): void => {
        settle();
        resolve();
      };
      const onClose = (): void => {
        settle();
        reject(this.#failure ?? closedError());
      };
      if (this.#state === 'closed') reject(closedError());
      else this.on('connect', onConnect).on('close', onClose);
    });
    // Who does not ask is not told by a crash.
    first.catch(() => {});
    if (this.#signal?.aborted) void this.close();
    if (this.#state === 'idle') {
      this.#signal?.addEventListener('abort', this.#onClose, { once: true });
      SinkWatch.of(this.sink).onClose(this.#onClose);
      void this.#attempt();
    }
    return first;
  }

  async #attempt(): Promise<void> {
    this.#state = 'dialling';
    let dialled: Dialled;
    try {
      dialled = await this.#dial(this.#cancel.signal);
    } catch (error) {
      if (!this.#cancel.signal.aborted) this.#failed(error as Error);
      return;
    }
    if (this.#cancel.signal.aborted) {
      dialled.socket.destroy();
      return;
    }
    const peer = peerOf(dialled.socket);
    this.#state = 'connected';
    this.#connectedAt = performance.now();
    try {
      this.take(dialled);
    } catch (error) {
      dialled.socket.destroy();
      this.#failed(error as Error);
      return;
    }
    this.emit('connect', peer);
  }

  #failed(error: Error): void {
    const { code } = error as NodeJS.ErrnoException;
    if (this.#backoff === undefined || code === 'ERR_FLUMEN_CLOSED' || error instanceof FinalError) {
      this.#failure = error;
      if (this.listenerCount('error') > 0) this.emit('error', error);
      void this.close();
    } else {
      this.#again(this.#backoff, error);
    }
  }

  /** Told by the subclass that the connection has gone; `final`: another one would be pointless. */
  protected gone(departure: Departure, final: boolean): void {
    if (this.#state !== 'connected') return;
    this.#state = 'waiting';
    this.emit('disconnect', departure);
    if (this.#cancel.signal.aborted) return;
    if (this.#backoff === undefined || final) {
      void this.close();
      return;
    }
    if (performance.now() - this.#connectedAt >= this.#backoff.initial) this.#backoff.reset();
    this.#again(this.#backoff, undefined);
  }

  #again(backoff: Backoff, error: Error | undefined): void {
    this.#state = 'waiting';
    const delay = backoff.next();
    this.#timer = setTimeout(() => void this.#attempt(), delay);
    this.emit('reconnect', { attempt: backoff.attempts, delay, ...(error && { error }) });
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#cancel.abort(closedError());
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onClose);
    SinkWatch.of(this.sink).offClose(this.#onClose);
    await this.release();
    this.emit('close');
  }
}

/** A failure that no later attempt will be spared, such as a refused password. */
export class FinalError extends Error {}

function closedError(): Error {
  return flumenError('ERR_FLUMEN_CLOSED', 'connect: the end point has been closed');
}
