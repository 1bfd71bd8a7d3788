/** What add() knows of a client until its descriptor is there: its options, and whom to tell. */
import type { Handed, Taker } from '../handoff/index.js';
import type { CheckedAdd } from './add-options.js';
import type { SinkClient } from './client.js';

/** Whoever made the taker. */
export interface TakerOwner {
  take(client: SinkClient, handed: Handed, options: CheckedAdd): void;
  vanished(client: SinkClient, error: Error | undefined): void;
}

/** Waits for one descriptor. A class, so that ten thousand handoffs make no closures. */
export class ClientTaker implements Taker {
  readonly #client: SinkClient;
  readonly #options: CheckedAdd;
  readonly #owner: TakerOwner;

  constructor(owner: TakerOwner, client: SinkClient, options: CheckedAdd) {
    this.#owner = owner;
    this.#client = client;
    this.#options = options;
  }

  take(handed: Handed): void {
    this.#owner.take(this.#client, handed, this.#options);
  }

  vanished(error?: Error): void {
    this.#owner.vanished(this.#client, error);
  }
}

/** The response head that Node has not sent, and what the caller wants behind it. */
export function joined(
  first: Uint8Array | undefined,
  second: Uint8Array | undefined,
): Uint8Array | undefined {
  return first && second ? Buffer.concat([first, second]) : (first ?? second);
}
