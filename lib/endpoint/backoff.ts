/** How long to wait before the next attempt to connect. */
import { NUMBERS, numberOption } from '../options.js';
import { checkKeys, describe } from '../units.js';

export interface ReconnectOptions {
  /** ms before the first new attempt; doubled for each that follows. Default 500. */
  initial?: number;
  /** ms that it is doubled up to. Default 30,000. */
  max?: number;
}

const NUMBER = NUMBERS.ReconnectOptions;

export class Backoff {
  readonly initial: number;
  readonly max: number;
  readonly #random: () => number;
  #attempts = 0;

  /** @param random from 0 to 1 */
  constructor(initial: number, max: number, random: () => number = Math.random) {
    this.initial = initial;
    this.max = max;
    this.#random = random;
  }

  /** Attempts since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** ms to wait before the next attempt: half of it certain, half by chance, so that many do not come back in step. */
  next(): number {
    const full = Math.min(this.max, this.initial * 2 ** this.#attempts);
    this.#attempts += 1;
    return full * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}

/** Undefined for `false`. @throws TypeError or RangeError that names the option */
export function checkReconnect(reconnect: ReconnectOptions | false | undefined): Backoff | undefined {
  if (reconnect === false) return undefined;
  const options = reconnect ?? {};
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`reconnect must be { initial, max } or false, not ${describe(reconnect)}`);
  }
  checkKeys('reconnect', options, ['initial', 'max']);
  const initial = numberOption(NUMBER.initial, options.initial);
  const max = numberOption(NUMBER.max, options.max ?? Math.max(initial, NUMBER.max.usual));
  if (initial > max) {
    throw new RangeError(`reconnect.initial (${initial}) must not be over reconnect.max (${max})`);
  }
  return new Backoff(initial, max);
}
