/** Hears what becomes of a sink and of single clients, with one listener for each event however many end points ask. */
import type net from 'node:net';
import type { AddOptions, Client, ClientRemoved } from '../sink/client.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';

type OnRemoved = (removed: ClientRemoved) => void;

const watches = new WeakMap<MultiHandleSink, SinkWatch>();

export class SinkWatch {
  readonly #sink: MultiHandleSink;
  readonly #clients = new Map<Client, OnRemoved>();
  readonly #closing = new Set<() => void>();
  /** Those that left before add() had returned. */
  #early: Map<Client, ClientRemoved> | undefined;

  /** The one watch of this sink. */
  static of(sink: MultiHandleSink): SinkWatch {
    const watch = watches.get(sink) ?? new SinkWatch(sink);
    watches.set(sink, watch);
    return watch;
  }

  private constructor(sink: MultiHandleSink) {
    this.#sink = sink;
    sink.on('client-removed', (removed) => {
      const onRemoved = this.#clients.get(removed.client);
      this.#clients.delete(removed.client);
      if (onRemoved !== undefined) onRemoved(removed);
      else this.#early?.set(removed.client, removed);
    });
    sink.on('close', () => {
      for (const onClose of [...this.#closing]) onClose();
    });
  }

  /** sink.add(), with a listener of this client's own, who hears nothing before this has returned. */
  add(target: net.Socket | number, options: AddOptions, onRemoved: OnRemoved): Client {
    this.#early = new Map();
    let removed: ClientRemoved | undefined;
    let client: Client;
    try {
      client = this.#sink.add(target, options);
      removed = this.#early.get(client);
    } finally {
      this.#early = undefined;
    }
    if (removed !== undefined) process.nextTick(onRemoved, removed);
    else this.#clients.set(client, onRemoved);
    return client;
  }

  onClose(listener: () => void): void {
    this.#closing.add(listener);
  }

  offClose(listener: () => void): void {
    this.#closing.delete(listener);
  }
}
