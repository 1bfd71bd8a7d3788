/** The option `signal` of all end points. */
import { describe } from '../units.js';

/** `signal` when it is an AbortSignal or absent; else a TypeError. */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new TypeError(`signal must be an AbortSignal, not ${describe(signal)}`);
}
