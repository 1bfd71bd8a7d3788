/** pace: wait. What the option demands of the rules, and who waits for the gate to open. */
import { PACES } from '../binding.js';
import { checkChoice } from '../units.js';

/** live: the producer never waits. wait: it waits while the slowest client is over its soft limit. */
export type Pace = (typeof PACES)[number];

export function checkPace(value: unknown): Pace {
  return checkChoice('pace', value ?? 'live', PACES);
}

/** Told that the sink takes frames again, or why it does not. */
export type Waiter = (error?: Error) => void;

/** Producers that were told to wait. */
export class Waiters {
  #waiting: Waiter[] = [];

  add(waiter: Waiter): void {
    this.#waiting.push(waiter);
  }

  /** Lets all go on, or fails them with `error`. */
  release(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter(error);
  }
}
