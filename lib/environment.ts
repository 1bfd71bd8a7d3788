/**
 * This environment's end of the bell: when it rings, everything the loops had to tell is drained in batches and goes
 * to the sink or source it belongs to. Also decides whether the process stays up.
 */
import { totalmem } from 'node:os';
import { RECORD, SENDS } from './binding.js';
import { flumenError } from './errors.js';
import { native } from './native.js';
import { NUMBERS, numberOption } from './options.js';
import { checkKeys } from './units.js';

/** What goes with a record: the operation that failed, or the bytes that a client has sent. */
export type Extra = string | Buffer;

/** Hears the records of one sink or source. `offset` is where the record begins in `records`. */
export interface RecordTarget {
  /**
   * Called for every record of a batch before any is acted on: takes what the record names out of the tables, because
   * its native slot is free again, and a listener of an earlier record may fill it. What it returns comes back below.
   */
  claim(records: Float64Array, offset: number): unknown;
  onRecord(records: Float64Array, offset: number, extra: Extra | undefined, claimed: unknown): void;
}

const BATCH = 1024;
const records = new Float64Array(BATCH * RECORD.fields);
const targets = new Map<number, RecordTarget>();
const MIB = 1024 * 1024;
const NUMBER = NUMBERS.EnvironmentOptions;
let bellHung = false;
/** The memory cap has been set. */
let capped = false;
let holds = 0;

/** Options of configure(); what is left out stays as it is. */
export interface EnvironmentOptions {
  /**
   * Loop threads that all sinks of this environment share, 1 to 64. Only before the first sink: later it throws
   * ERR_FLUMEN_STARTED. Default: cores − 1, from 1 to 64.
   */
  loops?: number;
  /**
   * Bytes that everything native of this environment may hold (see Diagnostics.liveBytes), from 1 MiB; may be changed at
   * any time. Beyond it sinks give up what they keep for newcomers, then the clients that pin the oldest frames go as
   * slow, of the sinks that hold more than their fair share. Default: a quarter of the memory that the process may use,
   * at least 256 MiB.
   */
  memoryCap?: number;
}

/** Changes what all sinks of this environment (the main thread or one worker) share. */
export function configure(options: EnvironmentOptions): void {
  checkKeys('configure options', options, ['loops', 'memoryCap']);
  const loops = options.loops === undefined ? 0 : numberOption(NUMBER.loops, options.loops);
  const memoryCap = options.memoryCap === undefined ? 0 : numberOption(NUMBER.memoryCap, options.memoryCap);
  if (!native.configure(loops, memoryCap, SENDS.auto)) {
    throw flumenError(
      'ERR_FLUMEN_STARTED',
      'configure() comes too late: the loops run since the first sink was made',
    );
  }
  capped ||= memoryCap > 0;
}

/** A quarter of the machine's memory, or of what its control group leaves the process. */
function defaultMemoryCap(): number {
  const constrained = process.constrainedMemory();
  const available = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(256 * MIB, Math.floor(available / 4));
}

/** What the native side of this environment holds at the moment. */
export interface Diagnostics {
  /** Shared blocks of stream bytes. */
  liveBlocks: number;
  /** Bytes in blocks, client slots, inboxes and bookkeeping: what counts against the memory cap of configure(). */
  liveBytes: number;
  /** Clients, those included whose removal has not been reported yet. */
  liveClients: number;
  /** Descriptors of clients and sources. */
  openFds: number;
}

export function diagnostics(): Diagnostics {
  const [liveBlocks = 0, liveBytes = 0, liveClients = 0, openFds = 0] = native.diagnostics();
  return { liveBlocks, liveBytes, liveClients, openFds };
}

/** How sockets are written to, by the value of FLUMEN_IO: which kernel interface, or whichever is there (the default). */
function sendsFromEnvironment(): number {
  const wanted = process.env.FLUMEN_IO ?? 'auto';
  const sends = SENDS[wanted as keyof typeof SENDS];
  if (sends === undefined) {
    throw new RangeError(`FLUMEN_IO must be epoll, uring or auto, not ${JSON.stringify(wanted)}`);
  }
  return sends;
}

/** Hangs the bell, if that has not been done. Before the first sink is opened. */
export function ensureBell(): void {
  if (bellHung) return;
  native.configure(0, 0, sendsFromEnvironment());
  native.onBell(drain);
  bellHung = true;
  if (!capped) configure({ memoryCap: defaultMemoryCap() });
}

export function register(id: number, target: RecordTarget): void {
  targets.set(id, target);
}

export function unregister(id: number): void {
  targets.delete(id);
}

/** One possible reason for the process to stay up; it counts while it is active and wanted (ref, the default). */
export class Hold {
  #on = false;
  #active = false;
  #wanted = true;
  #always = false;

  /** `always`: whether wanted or not. */
  set(active: boolean, always = false): void {
    this.#active = active;
    this.#always = always;
    this.#apply();
  }

  /** ref() and unref(). */
  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#apply();
  }

  #apply(): void {
    const on = this.#always || (this.#active && this.#wanted);
    if (on === this.#on) return;
    this.#on = on;
    const before = holds > 0;
    holds += on ? 1 : -1;
    if (before !== holds > 0) native.keepAlive(holds > 0);
  }
}

function drain(): void {
  for (;;) {
    const extras: Extra[] = [];
    const count = native.drain(records, extras);
    deliver(count, extras);
    if (count < BATCH) return;
  }
}

/** A listener that throws must not cost the records behind it: the first error is thrown when all are delivered. */
function deliver(count: number, extras: Extra[]): void {
  const batch = records.slice(0, count * RECORD.fields);
  const claimed: unknown[] = [];
  for (let i = 0; i < count; i += 1) {
    const offset = i * RECORD.fields;
    claimed.push(targets.get(batch[offset + 1] as number)?.claim(batch, offset));
  }
  let failed = false;
  let failure: unknown;
  for (let i = 0; i < count; i += 1) {
    const offset = i * RECORD.fields;
    try {
      targets.get(batch[offset + 1] as number)?.onRecord(batch, offset, extras[i], claimed[i]);
    } catch (error) {
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
}
