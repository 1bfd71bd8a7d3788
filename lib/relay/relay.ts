/** One input, any number of outputs, and a sink in between. */
import { setTimeout } from 'node:timers/promises';
import type { Payload } from '../sink/client.js';
import { MultiFdSink } from '../sink/multi-fd-sink.js';
import type { SinkOptions } from '../sink/options.js';
import { type Input, type InputOptions, openInput } from './input.js';
import { type Output, openOutput } from './output.js';
import type { Place, Side } from './place.js';
import { type Log, Reporter } from './reporter.js';

/** ms that an output may take to swallow the last bytes once it has all of them in its buffers. */
const CLOSE_TIMEOUT = 10_000;
/** ms that outputs get when the relay is told to stop. */
const STOP_TIMEOUT = 1_000;

/** Where the stream goes, and as what. */
export interface Target {
  readonly place: Place;
  readonly payload: Payload;
}

export class Relay {
  readonly #input: Place;
  readonly #targets: readonly Target[];
  readonly #options: InputOptions;
  readonly #log: Log;
  readonly #sink: MultiFdSink;
  readonly #outputs: Output[] = [];
  /** Closes whatever is open or about to be. */
  readonly #over = new AbortController();
  #stopped = false;

  constructor(input: Place, targets: readonly Target[], options: InputOptions, log: Log) {
    this.#input = input;
    this.#targets = targets;
    const places = targets.map(({ place }) => place);
    this.#sink = new MultiFdSink(sinkOptions(input, places));
    this.#options = options;
    this.#log = log;
  }

  /**
   * Resolves when the input has ended and all of it is delivered, when no output is left, or after stop(): true when
   * nothing has failed. Rejects with an error that names the place when one cannot be opened or the input fails.
   */
  async run(): Promise<boolean> {
    // Outputs first: what came in before there is one would be lost.
    const opening = this.#targets.map((target) => this.#openOutput(target));
    let input: Input | undefined;
    try {
      await Promise.all(opening);
      input = await this.#openInput();
      await this.#carry(input);
    } catch (error) {
      if (!this.#stopped) throw error;
    } finally {
      this.#over.abort();
      await Promise.allSettled(opening);
      await input?.close();
      await this.#closeSink();
      await Promise.all(this.#outputs.map((output) => output.close()));
    }
    return this.#stopped || this.#outputs.every(({ failure }) => failure === undefined);
  }

  /** Ends the relay; outputs get what is on its way to them, if they take it soon. */
  stop(): void {
    this.#stopped = true;
    this.#over.abort();
  }

  async #openOutput({ place, payload }: Target): Promise<void> {
    const report = new Reporter(this.#log, { out: place.text });
    try {
      const output = await openOutput(place, payload, this.#sink, this.#options, report, this.#over.signal);
      this.#outputs.push(output);
    } catch (error) {
      throw named('OUT', place, error);
    }
  }

  async #openInput(): Promise<Input> {
    const report = new Reporter(this.#log, { in: this.#input.text });
    try {
      return await openInput(this.#input, this.#sink, this.#options, report, this.#over.signal);
    } catch (error) {
      throw named('IN', this.#input, error);
    }
  }

  async #carry(input: Input): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#over.signal.addEventListener('abort', () => resolve(), { once: true });
      if (this.#over.signal.aborted) resolve();
    });
    const alone = Promise.all(this.#outputs.map(({ gone }) => gone));
    try {
      await Promise.race([input.ended.then(() => this.#deliver()), alone, stopped]);
    } catch (error) {
      // What had come before is delivered all the same.
      await Promise.race([this.#deliver(), stopped]);
      throw named('IN', this.#input, error);
    }
  }

  async #deliver(): Promise<void> {
    for (const output of this.#outputs) output.inputEnded();
    await this.#sink.end();
  }

  async #closeSink(): Promise<void> {
    const late = new AbortController();
    const patience = setTimeout(STOP_TIMEOUT, undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([this.#sink.end(), patience]);
    late.abort();
    this.#sink.clear();
    await this.#sink.end();
  }
}

const isDescriptor = ({ kind }: Place): boolean => kind === 'fd' || kind === 'file';

/**
 * Who writes into a pipe, or has written a file, can wait; a live stream from elsewhere cannot. Outputs of this machine
 * may take any time then, as between two programs in a pipe; a peer that stalls is given up all the same.
 */
function sinkOptions(input: Place, outputs: readonly Place[]): SinkOptions {
  const closeTimeout = CLOSE_TIMEOUT;
  if (!isDescriptor(input)) return { closeTimeout };
  return { closeTimeout, pace: 'wait', ...(outputs.every(isDescriptor) && { stallTimeout: 0 }) };
}

function named(side: Side, { text }: Place, cause: unknown): Error {
  return new Error(`${side} ${text}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}
