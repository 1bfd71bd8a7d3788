/** Lets one peer after the other write into a sink. The sink and its clients stay when a peer goes. */
import type net from 'node:net';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { type AttachOptions, FdSource } from '../source/fd-source.js';
import type { Departure } from './client-endpoint.js';

export class Intake {
  readonly #sink: MultiHandleSink;
  readonly #timeout: number;
  readonly #gone: (departure: Departure) => void;
  #source: FdSource;
  #earlierBytes = 0;
  #closed = false;

  /**
   * @param timeout ms of silence after which a peer is let go; 0: never
   * @param gone told when the peer has gone; then the next one may be attached
   */
  constructor(sink: MultiHandleSink, timeout: number, gone: (departure: Departure) => void) {
    this.#sink = sink;
    this.#timeout = timeout;
    this.#gone = gone;
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
    const source = new FdSource(this.#sink, { timeout: this.#timeout });
    source.on('end', () => this.#gone({ reason: 'ended' }));
    source.on('error', (error) => this.#gone({ reason: 'error', error }));
    source.on('timeout', () => void this.#drop(source));
    return source;
  }

  /** A source's descriptor can only be closed with the source. */
  async #drop(source: FdSource): Promise<void> {
    await source.close();
    if (this.#closed || source !== this.#source) return;
    this.#earlierBytes += source.bytesRead;
    this.#source = this.#newSource();
    this.#gone({ reason: 'timeout', error: new Error(`nothing has come for ${this.#timeout} ms`) });
  }
}
