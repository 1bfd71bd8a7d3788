/** What listens. Base of TcpServerSink and TcpServerSource. */
import { EventEmitter } from 'node:events';
import type net from 'node:net';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import type { Address, Peer } from './address.js';
import { Listener } from './listener.js';
import { SinkWatch } from './watch.js';

/** A connection that was closed at once. */
export interface Refused extends Peer {
  /**
   * `code` EMFILE: too many files are open. EBUSY: another peer writes, and enough wait already. ERR_FLUMEN_BUSY: another
   * source writes to the sink. ERR_FLUMEN_CLOSED: the sink has ended.
   */
  error: Error;
}

export interface ServerEndpointEvents {
  refused: [Refused];
  /** accept() failed; listening goes on. Emitted only to those who listen. */
  error: [Error];
  /** Closed: by close(), the signal, or the end of the sink. */
  close: [];
}

export interface ServerEndpointOptions {
  /** Closes the end point. */
  signal?: AbortSignal;
}

export abstract class ServerEndpoint<
  E extends ServerEndpointEvents & Record<keyof E, unknown[]>,
> extends EventEmitter<E> {
  /** The sink stays, with its clients, when peers come and go. */
  readonly sink: MultiHandleSink;
  readonly #listener: Listener;
  readonly #watch: SinkWatch;
  readonly #signal: AbortSignal | undefined;
  readonly #onClose = (): void => void this.close();
  #listening: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(sink: MultiHandleSink, address: Address, backlog: number, signal: AbortSignal | undefined) {
    super();
    this.sink = sink;
    this.#listener = new Listener(address, {
      backlog,
      connection: (socket) => this.accept(socket),
      trouble: (error) => {
        if (this.#told.listenerCount('error') > 0) this.#told.emit('error', error);
      },
    });
    this.#signal = signal;
    this.#watch = SinkWatch.of(sink);
  }

  /** A new connection, paused. */
  protected abstract accept(socket: net.Socket): void;
  /** Lets go of what close() is to let go of. */
  protected abstract release(): Promise<void>;

  protected get closing(): boolean {
    return this.#closed !== undefined;
  }

  /** Resolves when connections are accepted. Rejects with the system's error (EADDRINUSE, EACCES, ENOTFOUND, …). */
  listen(): Promise<void> {
    this.#listening ??= this.#listen().catch((error) => {
      this.#listening = undefined;
      throw error;
    });
    return this.#listening;
  }

  /** Where it listens: an entry for each address that the host stands for, or the path. Empty when it does not. */
  get addresses(): (net.AddressInfo | string)[] {
    return this.#listener.addresses;
  }

  /** The first of `addresses`; its port is GStreamer's current-port. Null when it does not listen. */
  address(): net.AddressInfo | string | null {
    return this.addresses[0] ?? null;
  }

  /** Stops listening. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected refuse(socket: net.Socket, peer: Peer, error: Error): void {
    socket.destroy();
    this.#told.emit('refused', { ...peer, error });
  }

  async #listen(): Promise<void> {
    this.#signal?.throwIfAborted();
    this.#signal?.addEventListener('abort', this.#onClose, { once: true });
    this.#watch.onClose(this.#onClose);
    await this.#listener.listen();
  }

  async #close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onClose);
    this.#watch.offClose(this.#onClose);
    await Promise.all([this.#listener.close(), this.release()]);
    this.#told.emit('close');
  }

  get #told(): EventEmitter<ServerEndpointEvents> {
    return this as unknown as EventEmitter<ServerEndpointEvents>;
  }
}
