/** Questions about clients that the loops answer: who asked, and how an answer reads. */
import { CLIENT_STATES } from '../binding.js';
import { flumenError } from '../errors.js';
import type { SinkClient } from './client.js';

/**
 * ready: has something to send and waits for its turn. caught-up: has everything. waiting: for the frame it may start
 * with. blocked: the kernel takes no more at present. lingering: has everything and our FIN, waits for the peer's.
 */
export type ClientState = NonNullable<(typeof CLIENT_STATES)[number]>;

/** What the loop that serves a client knew of it at one moment. Times in ms, timestamps in ns. */
export interface ClientStatistics {
  state: ClientState;
  /** Everything written to the descriptor, heads and framing included. */
  bytesSent: number;
  /** Wall clock, ms since the epoch. */
  connectedAt: number;
  durationMs: number;
  /** When the kernel last took bytes for it, ms since the epoch; connectedAt until then. Kept for 52 days: later than the truth if it is longer ago. */
  lastActivityAt: number;
  /** Frames that its recover policy made it skip. */
  framesDropped: number;
  /** pts of the first frame that it was sent a byte of; undefined: none yet, or it had no pts. */
  firstTimestamp: bigint | undefined;
  /** … and of the newest one. */
  lastTimestamp: bigint | undefined;
  /** What lies between its cursor and the newest frame, as limits count it: the frame begun does not count. */
  lag: { frames: number; bytes: number; ms: number };
  /** Bytes that the kernel still holds for its peer (SIOCOUTQ); undefined where there is no socket. */
  kernelQueue: number | undefined;
}

/** Puts the question to a loop; false when the client has left. */
export type Ask = (client: SinkClient, request: number) => boolean;

interface Inquiry {
  client: SinkClient;
  resolve: (statistics: ClientStatistics) => void;
  reject: (error: Error) => void;
}

/** All questions of one sink that are open. */
export class Inquiries {
  readonly #ask: Ask;
  readonly #open = new Map<number, Inquiry>();
  /** Those on a client whose descriptor is still on its way. */
  readonly #early = new Map<SinkClient, Inquiry[]>();
  #next = 1;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** `early`: the client has no slot yet; taken() or left() follows. */
  about(client: SinkClient, early: boolean): Promise<ClientStatistics> {
    return new Promise((resolve, reject) => {
      const inquiry = { client, resolve, reject };
      if (!early) this.#put(inquiry);
      else if (!this.#early.get(client)?.push(inquiry)) this.#early.set(client, [inquiry]);
    });
  }

  /** The client has a slot now. */
  taken(client: SinkClient): void {
    const early = this.#takeEarly(client);
    for (const inquiry of early) this.#put(inquiry);
  }

  /** The client has left before it had a slot. */
  left(client: SinkClient): void {
    for (const inquiry of this.#takeEarly(client)) inquiry.reject(gone(client));
  }

  /** A clientReport record. */
  answer(records: Float64Array, offset: number): void {
    const request = records[offset + 2] as number;
    const inquiry = this.#open.get(request);
    if (inquiry === undefined) return;
    this.#open.delete(request);
    const statistics = statisticsOf(records, offset);
    if (statistics === undefined) inquiry.reject(gone(inquiry.client));
    else inquiry.resolve(statistics);
  }

  /** The sink has closed: nobody is left, and no answer will come. */
  close(): void {
    for (const inquiry of this.#open.values()) inquiry.reject(gone(inquiry.client));
    this.#open.clear();
  }

  #put(inquiry: Inquiry): void {
    const request = this.#next;
    this.#next = request === 0xffffffff ? 1 : request + 1;
    if (this.#ask(inquiry.client, request)) this.#open.set(request, inquiry);
    else inquiry.reject(gone(inquiry.client));
  }

  #takeEarly(client: SinkClient): Inquiry[] {
    const early = this.#early.get(client) ?? [];
    this.#early.delete(client);
    return early;
  }
}

function statisticsOf(records: Float64Array, offset: number): ClientStatistics | undefined {
  const field = (index: number): number => records[offset + index] as number;
  const state = CLIENT_STATES[field(3)];
  if (state === undefined) return undefined;
  return {
    state,
    bytesSent: field(4),
    connectedAt: field(5),
    durationMs: field(6),
    lastActivityAt: field(7),
    framesDropped: field(8),
    firstTimestamp: timestamp(field(13), field(14)),
    lastTimestamp: timestamp(field(15), field(16)),
    lag: { frames: field(9), bytes: field(10), ms: field(11) },
    kernelQueue: field(12) < 0 ? undefined : field(12),
  };
}

function timestamp(seconds: number, ns: number): bigint | undefined {
  return Number.isNaN(seconds) ? undefined : BigInt(seconds) * 1_000_000_000n + BigInt(ns);
}

function gone(client: SinkClient): Error {
  return flumenError('ERR_FLUMEN_GONE', `clientStats: client ${client.id} has left`);
}
