/** The producer's side of a sink: frames and events go in, and what the stream is is said. */
import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import type { Pusher } from '../binding.js';
import { ensureBell } from '../environment.js';
import { flumenError, fromNative } from '../errors.js';
import { GdpEncoder } from '../gdp/encoder.js';
import { Event, type EventType } from '../gdp/event.js';
import { referenceEvent } from '../gdp/reference.js';
import { native } from '../native.js';
import type { Structure } from '../structure/structure.js';
import type { AddDefaults } from './add-options.js';
import type { SinkEvents } from './client.js';
import { type FrameInfo, frameBytes, frameFlags } from './frame.js';
import { checkOptions, type SinkOptions } from './options.js';
import { Waiters } from './pace.js';
import { StickyState, type StreamState, type StreamStateChange } from './stream-state.js';
import { writableFor } from './writable.js';

/** Events that are no events here, and what says the same. */
const NO_EVENTS: Partial<Record<EventType | 'unknown', string>> = {
  'stream-start': 'setStreamState()',
  caps: 'setStreamState()',
  segment: 'setStreamState()',
  tag: 'setStreamState()',
  eos: 'end()',
};

export abstract class StreamSink extends EventEmitter<SinkEvents> {
  /** The number by which the addon knows this sink. @internal */
  readonly nativeId: number;
  /** What clients inherit. */
  protected defaults: AddDefaults;
  protected state: 'open' | 'ending' | 'closed' = 'open';
  /** Streams that wait for `drain`. */
  protected readonly waiters = new Waiters();
  readonly #streamState = new StickyState();
  readonly #encoder: GdpEncoder;
  readonly #pusher: Pusher;
  #writer: object | undefined;

  constructor(options: SinkOptions) {
    super();
    const { flat, ...defaults } = checkOptions(options, this.socketsOnly);
    this.defaults = defaults;
    this.#encoder = new GdpEncoder(options.gdp);
    ensureBell();
    try {
      this.nativeId = native.sinkOpen(flat);
    } catch (error) {
      throw fromNative(error, 'sink');
    }
    this.#pusher = native.sinkPusher(this.nativeId);
  }

  protected get socketsOnly(): boolean {
    return false;
  }

  /**
   * Appends one frame. The bytes are copied once; clients are served on the loop threads. The frame is taken in any
   * case. With pace `wait` false asks the producer to wait for `drain`; with `live` it is always true, slow clients are
   * dealt with. Throws ERR_FLUMEN_BUSY while a native source writes.
   */
  push(data: Uint8Array | string, info?: FrameInfo): boolean {
    this.#checkPush('push');
    const bytes = frameBytes(data);
    // Short, so that V8 compiles it early, and with nothing passed that is not needed: after a pause nothing is in
    // the caches (ADR 22).
    return info === undefined ? this.#pusher(bytes) : this.#pushTold(bytes, info);
  }

  /**
   * Sends GDP clients an event in front of the next frame; others never hear of it. Not for what setStreamState() says, nor
   * for eos, which is end(). False when 64 KiB of events wait for a frame already: then it is not taken. Throws a
   * TypeError for what a receiver could not read, ERR_FLUMEN_BUSY while a native source writes.
   */
  pushEvent(event: Event | EventType, structure?: Structure | string): boolean {
    this.#checkPush('pushEvent');
    const type = event instanceof Event ? event.type : event;
    const instead = NO_EVENTS[type];
    if (instead !== undefined) throw new TypeError(`pushEvent: ${type} is said by ${instead}`);
    return native.sinkPushEvent(this.nativeId, this.#encoder.event(event, structure));
  }

  /**
   * Says what the stream is from the next frame on; what is not given stays as it was, null takes it away. Each client is
   * given what concerns it directly before its first frame of the new state; one that lags gets the old headers with the
   * old frames. The same again changes nothing. Throws a TypeError or RangeError that names what is wrong.
   */
  setStreamState(state: StreamStateChange): void {
    if (this.state !== 'open') throw this.closedError('setStreamState');
    const { headers, texts } = this.#streamState.change(state);
    native.sinkSetState(this.nativeId, headers, texts);
  }

  /** What setStreamState() and a source that reads GDP have said of the stream, all in all. */
  get streamState(): StreamState {
    return this.#streamState.get(native.sinkState(this.nativeId));
  }

  /**
   * A Writable that pushes a frame for each chunk written, with pace `wait` at the pace of the slowest client. Ending it
   * leaves the sink open; when the sink ends, a write that waits fails with ERR_FLUMEN_CLOSED.
   */
  writable(): Writable {
    return writableFor({ push: (frame) => this.push(frame), drained: (waiter) => this.waiters.add(waiter) });
  }

  /** Makes `writer` the only one that may append; throws ERR_FLUMEN_BUSY when there is another. @internal */
  claimWriter(writer: object): void {
    if (this.state !== 'open') throw this.closedError('attach');
    if (this.#writer !== undefined && this.#writer !== writer) {
      throw flumenError('ERR_FLUMEN_BUSY', 'another source writes to this sink; one writer at a time');
    }
    this.#writer = writer;
  }

  /** @internal */
  releaseWriter(writer: object): void {
    if (this.#writer === writer) this.#writer = undefined;
  }

  protected closedError(operation: string): Error {
    const state = this.state === 'closed' ? 'closed' : 'ending';
    return flumenError('ERR_FLUMEN_CLOSED', `${operation}: the sink is ${state}`);
  }

  #pushTold(bytes: Uint8Array, info: FrameInfo): boolean {
    const { pts, dts, duration, offset, offsetEnd, reference } = info;
    if (reference !== undefined) {
      native.sinkPushEvent(this.nativeId, this.#encoder.event(referenceEvent('push: reference', reference)));
    }
    return this.#pusher(bytes, frameFlags(info), pts, dts, duration, offset, offsetEnd);
  }

  #checkPush(operation: string): void {
    if (this.state !== 'open') throw this.closedError(operation);
    if (this.#writer !== undefined) {
      const why = 'a native source writes to this sink; one writer at a time';
      throw flumenError('ERR_FLUMEN_BUSY', `${operation}: ${why}`);
    }
  }
}
