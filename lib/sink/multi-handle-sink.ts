/**
 * The sink: one timeline, many clients. JavaScript adds and removes clients and may push frames; all writing happens
 * on the loop threads. Here are the clients; what is put in is the base class's.
 */
import { RECORD } from '../binding.js';
import { type Extra, Hold, type RecordTarget, register, unregister } from '../environment.js';
import { fromNative } from '../errors.js';
import { cutOff, type Handed, handOff, type Target } from '../handoff/index.js';
import { native } from '../native.js';
import { checkBoolean, checkKeys } from '../units.js';
import { type CheckedAdd, checkAddOptions, flatAdd } from './add-options.js';
import {
  type AddOptions,
  type Client,
  type ClientRemoved,
  checkClient,
  GONE,
  type OnData,
  PENDING,
  type RemovalReason,
  type RemoveOptions,
  SinkClient,
} from './client.js';
import { checkDeadline, EarlyDeadlines } from './deadlines.js';
import { Dumps } from './dumps.js';
import { type ClientStatistics, Inquiries } from './inquiries.js';
import type { SinkOptions } from './options.js';
import { removalOf, unserved } from './removed.js';
import { flatLag, LIMIT_KEYS, type LimitOptions, readRules } from './rules.js';
import { SignalWatch } from './signals.js';
import { type Figures, lastFigures, type SinkStats, statsOf } from './stats.js';
import { StreamSink } from './stream-sink.js';
import { ClientTaker, joined, type TakerOwner } from './taker.js';

/** Base of MultiFdSink and MultiSocketSink (GStreamer: multihandlesink). */
export class MultiHandleSink extends StreamSink implements RecordTarget {
  #nextClient = 1;
  /** What the last of active and idle said. */
  #active = false;
  #added = 0;
  #removed = 0;
  /** Clients by native slot: one word each. */
  readonly #bySlot: (SinkClient | undefined)[] = [];
  /** Accepted, but Node still flushes what it had for them. */
  readonly #pending = new Map<SinkClient, Target>();
  readonly #deadlines = new EarlyDeadlines((client) => this.#drop(client, 'timeout'));
  readonly #signals = new SignalWatch((client) => this.remove(client));
  /** Those who want to hear what they send. */
  readonly #listening = new Map<SinkClient, OnData>();
  readonly #inquiries = new Inquiries((client, request) => this.#ask(client, request));
  readonly #dumps = new Dumps(
    (request) => native.sinkDump(this.nativeId, request),
    () => this.#updateHold(),
  );
  readonly #hold = new Hold();
  /** Of a closed sink; see sinkStats. */
  #lastFigures: Figures = [];
  readonly #finished: Promise<void>;
  #finish: () => void = () => {};

  constructor(options: SinkOptions = {}) {
    super(options);
    register(this.nativeId, this);
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /**
   * Hands a receiver over: a connected `net.Socket`, a response that has not ended (plain http, Express, Fastify after
   * hijack), or a descriptor number, which the sink duplicates. Returns at once. What cannot be handed over at all
   * throws; whatever happens later is a client-removed.
   */
  add(target: Target, options: AddOptions = {}): Client {
    if (this.state !== 'open') throw this.closedError('add');
    const checked = checkAddOptions(options, target, this.defaults);
    options.signal?.throwIfAborted();
    const client = new SinkClient(this.#nextClient, options.tag);
    this.#pending.set(client, target);
    try {
      const icy = options.framing === 'icy' ? { interval: options.icyInterval } : undefined;
      handOff(target, new ClientTaker(this.#taking, client, checked), icy);
    } catch (error) {
      this.#pending.delete(client);
      throw fromNative(error, typeof target === 'number' ? `add: fd ${target}` : 'add');
    }
    this.#nextClient += 1;
    this.#added += 1;
    if (client.slot === PENDING && checked.deadline !== Number.POSITIVE_INFINITY) {
      this.#deadlines.set(client, checked.deadline);
    }
    if (options.signal !== undefined) this.#signals.watch(client, options.signal);
    if (options.onData !== undefined) this.#listening.set(client, options.onData);
    this.#updateHold();
    if (!this.#active) {
      this.#active = true;
      this.emit('active');
    }
    this.emit('client-added', client);
    return client;
  }

  /**
   * Lets a client go: now, and what it has not been sent is lost, or with `flush` as soon as it has what is pending for
   * it. Gone already, or another sink's: nothing happens.
   */
  remove(client: Client, options: RemoveOptions = {}): void {
    const known = checkClient('remove', client);
    const { flush = false } = checkKeys('remove options', options, ['flush']);
    checkBoolean('flush', flush);
    if (this.#pending.has(known)) {
      known.leaving = true;
      if (!flush) this.#drop(known, 'removed');
    } else if (this.#isHere(known)) {
      native.sinkRemove(this.nativeId, known.slot, flush);
    }
  }

  /**
   * Sets when a client has to go, in ms since the epoch, in place of what was said before; undefined: it may stay. Gone
   * already, or told to go because its time was over: nothing happens.
   */
  setDeadline(client: Client, deadline: number | undefined): void {
    const known = checkClient('setDeadline', client);
    const at = checkDeadline(deadline);
    if (this.#pending.has(known)) this.#deadlines.set(known, at);
    else if (this.#isHere(known)) native.sinkSetDeadline(this.nativeId, known.slot, at);
  }

  /**
   * Changes how far clients may lag, from now on; what is not given stays as it is (with recoverPolicy none a soft limit
   * does nothing). Clients that were added with limits of their own keep those.
   */
  setLimits(limits: LimitOptions): void {
    if (this.state === 'closed') throw this.closedError('setLimits');
    checkKeys('limits', limits, LIMIT_KEYS);
    const rules = readRules(limits, this.defaults.rules, this.defaults.bounds);
    this.defaults = { ...this.defaults, rules };
    native.sinkSetLag(this.nativeId, Float64Array.from(flatLag(rules, this.defaults.bounds)));
  }

  /** Lets every client go. */
  clear(): void {
    if (this.state === 'closed') return;
    for (const client of this.#pending.keys()) this.remove(client);
    native.sinkClear(this.nativeId);
  }

  *clients(): IterableIterator<Client> {
    yield* this.#pending.keys();
    for (const client of this.#bySlot) if (client !== undefined) yield client;
  }

  /** Clients now, those on their way included. */
  get size(): number {
    return this.#added - this.#removed;
  }

  get stats(): SinkStats {
    const figures = this.state === 'closed' ? this.#lastFigures : native.sinkStats(this.nativeId);
    return statsOf(figures, {
      clients: this.size,
      clientsAdded: this.#added,
      clientsRemoved: this.#removed,
    });
  }

  /**
   * What the loop that serves `client` knows of it now. Rejects with ERR_FLUMEN_GONE when it has left, or leaves before
   * the loop has answered. While Node still flushes what it had for the client, the answer waits for that.
   */
  clientStats(client: Client): Promise<ClientStatistics> {
    const known = checkClient('clientStats', client);
    return this.#inquiries.about(known, this.#pending.has(known));
  }

  /**
   * The timeline of each loop and every client's place in it, as a table for people: its form may change. Each loop
   * writes its own part, and for some milliseconds does nothing else when it has thousands of clients.
   */
  dump(): Promise<string> {
    return this.#dumps.ask(
      () =>
        `sink ${this.nativeId}: ${this.state}, ${this.size} clients, ${this.#pending.size} of them on their way`,
    );
  }

  /** The stream is over: everyone gets the rest and leaves as `ended`. Resolves when all have left. */
  end(): Promise<void> {
    return this.#stop(false);
  }

  /** As end(), but whoever is not through within closeTimeout is reset. */
  close(): Promise<void> {
    return this.#stop(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A sink with clients keeps the process running (the default). */
  ref(): this {
    this.#hold.want(true);
    return this;
  }

  /** Lets the process exit although there are clients. */
  unref(): this {
    this.#hold.want(false);
    return this;
  }

  /** Called by the environment. @internal */
  claim(records: Float64Array, offset: number): SinkClient | undefined {
    const kind = records[offset];
    if (kind === RECORD.sinkFinished && records[offset + 3] === 1) {
      // The native sink is gone already: whoever looks at this one in a listener must not be sent there.
      const [bytesToServe = 0, bytesServed = 0, sends = 0] = records.subarray(offset + 5, offset + 8);
      this.#lastFigures = lastFigures(bytesToServe, bytesServed, sends);
      this.state = 'closed';
    }
    if (kind !== RECORD.clientRemoved && kind !== RECORD.clientInput) return undefined;
    const slot = records[offset + 2] as number;
    const client = this.#bySlot[slot];
    if (kind === RECORD.clientRemoved) this.#bySlot[slot] = undefined;
    return client;
  }

  /** Called by the environment. @internal */
  onRecord(records: Float64Array, offset: number, extra: Extra | undefined, claimed: unknown): void {
    const kind = records[offset];
    if (claimed instanceof SinkClient) {
      if (Buffer.isBuffer(extra)) this.#listening.get(claimed)?.(extra, claimed);
      else this.#report(removalOf(claimed, records, offset, extra ?? ''));
    } else if (kind === RECORD.clientReport) this.#inquiries.answer(records, offset);
    else if (kind === RECORD.sinkDump) this.#dumps.answer(records, offset, extra as string);
    else if (kind === RECORD.sinkDrained) this.#drained();
    else if (kind === RECORD.sinkFinished && records[offset + 3] === 1) this.#onFinished();
  }

  #drained(): void {
    this.waiters.release();
    this.emit('drain');
  }

  #report(removed: ClientRemoved): void {
    const client = removed.client as SinkClient;
    this.#pending.delete(client);
    this.#deadlines.take(client);
    this.#signals.left(client);
    this.#listening.delete(client);
    this.#inquiries.left(client);
    client.slot = GONE;
    this.#removed += 1;
    this.#updateHold();
    try {
      this.emit('client-removed', removed);
    } finally {
      this.#tellIdle();
    }
  }

  /** A client whose descriptor is still on its way goes without it. */
  #drop(client: SinkClient, reason: RemovalReason): void {
    const target = this.#pending.get(client);
    try {
      this.#report(unserved(client, reason));
    } finally {
      if (target !== undefined) cutOff(target);
    }
  }

  #tellIdle(): void {
    if (!this.#active || this.size > 0) return;
    this.#active = false;
    this.emit('idle');
  }

  readonly #taking: TakerOwner = {
    take: (client, handed, options) => this.#take(client, handed, options),
    vanished: (client, error) => this.#vanished(client, error),
  };

  #take(client: SinkClient, handed: Handed, options: CheckedAdd): void {
    if (client.slot === GONE || this.state !== 'open') throw this.closedError('add');
    const head = joined(handed.head, options.head);
    const deadline = this.#deadlines.take(client) ?? options.deadline;
    const flat = flatAdd(options, handed);
    const { fd, prelude } = handed;
    const slot = native.sinkAdd(this.nativeId, fd, head, flat, client.id, deadline, prelude);
    client.slot = slot;
    this.#bySlot[slot] = client;
    this.#pending.delete(client);
    if (client.leaving) native.sinkRemove(this.nativeId, slot, true);
    this.#inquiries.taken(client);
  }

  #ask(client: SinkClient, request: number): boolean {
    return this.#isHere(client) && native.sinkReport(this.nativeId, client.slot, request);
  }

  /** It has a slot, and that is still its own. */
  #isHere(client: SinkClient): boolean {
    return client.slot >= 0 && this.#bySlot[client.slot] === client && this.state !== 'closed';
  }

  #vanished(client: SinkClient, error: Error | undefined): void {
    if (client.slot !== PENDING) return;
    const failure = fromNative(error, `client ${client.id}`) as ClientRemoved['error'];
    const closed =
      failure?.syscall === undefined || failure.code === 'ECONNRESET' || failure.code === 'EPIPE';
    this.#report(unserved(client, closed ? 'closed' : 'error', closed ? undefined : failure));
  }

  #stop(hurry: boolean): Promise<void> {
    if (this.state === 'closed') return this.#finished;
    this.state = 'ending';
    for (const client of this.#pending.keys()) this.#report(unserved(client, 'removed'));
    native.sinkEnd(this.nativeId, hurry);
    this.waiters.release(this.closedError('push'));
    this.#updateHold();
    return this.#finished;
  }

  #onFinished(): void {
    unregister(this.nativeId);
    this.#inquiries.close();
    this.#dumps.close();
    this.#updateHold();
    this.#finish();
    this.emit('close');
  }

  /** Someone who awaits the end, or a dump, must hear of it, with clients or without. */
  #updateHold(): void {
    const awaited = this.state === 'ending' || this.#dumps.waiting;
    this.#hold.set(this.state === 'open' && this.size > 0, awaited);
  }
}
