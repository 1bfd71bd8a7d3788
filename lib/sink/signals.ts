/** AbortSignals that let clients go. However many clients share one, it has one listener of this sink. */
import type { SinkClient } from './client.js';

interface Watched {
  clients: Set<SinkClient>;
  abort: () => void;
}

export class SignalWatch {
  readonly #remove: (client: SinkClient) => void;
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #signals = new Map<SinkClient, AbortSignal>();

  constructor(remove: (client: SinkClient) => void) {
    this.#remove = remove;
  }

  watch(client: SinkClient, signal: AbortSignal): void {
    this.#signals.set(client, signal);
    const known = this.#watched.get(signal);
    if (known !== undefined) {
      known.clients.add(client);
      return;
    }
    const clients = new Set([client]);
    const abort = (): void => this.#abort(clients);
    this.#watched.set(signal, { clients, abort });
    signal.addEventListener('abort', abort, { once: true });
    // Aborted meanwhile, by a listener of the handoff: no event will come.
    if (signal.aborted) process.nextTick(abort);
  }

  left(client: SinkClient): void {
    const signal = this.#signals.get(client);
    if (signal === undefined) return;
    this.#signals.delete(client);
    const watched = this.#watched.get(signal);
    watched?.clients.delete(client);
    if (watched?.clients.size !== 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.abort);
  }

  /** A listener that throws must not keep the others: the first error is thrown when all have been told. */
  #abort(clients: Set<SinkClient>): void {
    const errors: unknown[] = [];
    for (const client of [...clients]) {
      try {
        this.#remove(client);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
