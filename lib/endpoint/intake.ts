/** Lets one peer after the other write into a sink. The sink and its clients stay when a peer goes. */
import type net from 'node:net';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { type AttachOptions, FdSource, type SourceOptions } from '../source/fd-source.js';
import type { SourceWarning, StreamDescription } from '../source/notes.js';
import type { Departure } from './client-endpoint.js';

export interface IntakeEvents {
  /** The peer has gone; the next one may be attached. */
  gone(departure: Departure): void;
  /** Something of the peer's stream could not be used. */
  warning(warning: SourceWarning): void;
  /** What the peer's stream is. */
  format(description: StreamDescription): void;
}

export class Intake {
  readonly #sink: MultiHandleSink;
  readonly #options: SourceOptions;
  readonly #events: IntakeEvents;
  #source: FdSource;
  #earlierBytes = 0;
  #closed = false;

  /** @param options `timeout`: ms of silence after which a peer is let go; 0: never */
  constructor(sink: MultiHandleSink, { timeout = 0, format = 'raw' }: SourceOptions, events: IntakeEvents) {
    this.#sink = sink;
    this.#options = { timeout, format };
    this.#events = events;
    this.#source = this.#newSource();
  }

  /** Of all peers so far, framing not counted. */
  get bytesRead(): number {
    return this.#earlierBytes + this.#source.bytesRead;
  }

  /** Throws what FdSource.attach throws. */
  attach(target: net.Socket, options?: AttachOptions): void {
    this.#source.attach(target, options);
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#source.close();
  }

  #newSource(): FdSource {
    const source = new FdSource(this.#sink, this.#options);
    source.on('end', () => this.#events.gone({ reason: 'ended' }));
    source.on('error', (error) => this.#events.gone({ reason: 'error', error }));
    source.on('warning', (warning) => this.#events.warning(warning));
    source.on('format', (description) => this.#events.format(description));
    source.on('timeout', () => void this.#drop(source));
    return source;
  }

  /** A source's descriptor can only be closed with the source. */
  async #drop(source: FdSource): Promise<void> {
    await source.close();
    if (this.#closed || source !== this.#source) return;
    this.#earlierBytes += source.bytesRead;
    this.#source = this.#newSource();
    const error = new Error(`nothing has come for ${this.#options.timeout} ms`);
    this.#events.gone({ reason: 'timeout', error });
  }
}
