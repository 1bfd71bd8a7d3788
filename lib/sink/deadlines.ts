/** Points in time at which clients have to go. The addon keeps them, but for clients whose descriptor is still to come. */
import { describe } from '../units.js';
import type { SinkClient } from './client.js';

/** Before any deadline of a live stream: seconds and durations are not taken for points in time. */
const EARLIEST = Date.UTC(2001, 0);
/** The last point in time that a Date has. */
const LATEST = 8.64e15;
/** The longest that a Node timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** `deadline` as the addon wants it: Infinity for undefined. Throws when it is no point in time. */
export function checkDeadline(deadline: unknown): number {
  if (deadline === undefined) return Number.POSITIVE_INFINITY;
  if (typeof deadline !== 'number' || Number.isNaN(deadline)) {
    throw new TypeError(`deadline must be a number, not ${describe(deadline)}`);
  }
  if (deadline < EARLIEST || deadline > LATEST) {
    throw new RangeError(
      `deadline must be a point in time in ms since the epoch, as Date.now() is, not ${deadline}`,
    );
  }
  return deadline;
}

/** The deadlines of clients whose descriptor is still on its way. */
export class EarlyDeadlines {
  readonly #expire: (client: SinkClient) => void;
  readonly #known = new Map<SinkClient, { deadline: number; timer: NodeJS.Timeout }>();

  constructor(expire: (client: SinkClient) => void) {
    this.#expire = expire;
  }

  set(client: SinkClient, deadline: number): void {
    this.take(client);
    const wait = Math.min(Math.max(deadline - Date.now(), 0), LONGEST_MS);
    // That the process stays up for its clients is the sink's affair.
    const timer = setTimeout(() => this.#ring(client, deadline), wait).unref();
    this.#known.set(client, { deadline, timer });
  }

  /** The descriptor is there, or the client has left: the deadline that was set last, if one was. */
  take(client: SinkClient): number | undefined {
    const known = this.#known.get(client);
    if (known === undefined) return undefined;
    clearTimeout(known.timer);
    this.#known.delete(client);
    return known.deadline;
  }

  #ring(client: SinkClient, deadline: number): void {
    if (Date.now() < deadline) this.set(client, deadline);
    else this.#expire(client);
  }
}
