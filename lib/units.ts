/** Amounts and numbers of the public API, and their validation. Times are ms, timestamps bigint ns. */
/** A quantity of stream, counted in one of three units. */
export type Amount = { frames: number } | { bytes: number } | { ms: number };

/** Unit and value of an Amount that has been checked. */
export type CheckedAmount = readonly [unit: 'frames' | 'bytes' | 'ms', value: number];

/** Largest integer that survives the trip through a double. */
const MAX = Number.MAX_SAFE_INTEGER;
/** About thirty years, in ms: as nanoseconds it still fits 64 bits. */
export const MAX_MS = 1_000_000_000_000;
/** For times that are timeouts: longer ones are mistakes of unit. */
export const DAY_MS = 86_400_000;

/** `value` when it is a finite number in [min, max]; else a TypeError or RangeError naming `name`. */
export function checkNumber(name: string, value: unknown, min: number, max: number = MAX): number {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  }
  if (value < min || value > max) throw new RangeError(`${name} must be from ${min} to ${max}, not ${value}`);
  return value;
}

/** `value` when it is a boolean; else a TypeError naming `name`. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be true or false, not ${describe(value)}`);
  return value;
}

/** As checkNumber, for whole numbers. */
export function checkInteger(name: string, value: unknown, min: number, max: number = MAX): number {
  const number = checkNumber(name, value, min, max);
  if (!Number.isInteger(number)) throw new RangeError(`${name} must be a whole number, not ${number}`);
  return number;
}

/** Unit and value of an Amount. */
export function checkAmount(name: string, amount: unknown): CheckedAmount {
  const keys = typeof amount === 'object' && amount !== null ? Object.keys(amount) : [];
  const key = keys[0];
  if (keys.length !== 1 || (key !== 'frames' && key !== 'bytes' && key !== 'ms')) {
    throw new TypeError(
      `${name} must be one of { frames }, { bytes } or { ms } with a number, not ${describe(amount)}`,
    );
  }
  const value = (amount as Record<string, unknown>)[key];
  return [key, checkQuantity(`${name}.${key}`, key, value)];
}

/** `value` when it is a possible number of that unit: not negative, and whole unless it is a time. */
export function checkQuantity(name: string, unit: CheckedAmount[0], value: unknown): number {
  return unit === 'ms' ? checkNumber(name, value, 0, MAX_MS) : checkInteger(name, value, 0);
}

/** `value` when it is one of `choices`. */
export function checkChoice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  const quoted = choices.map((choice) => `"${choice}"`);
  const list = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
  throw new TypeError(`${name} must be ${list}, not ${describe(value)}`);
}

/** `options` when it is an object whose keys are all known; a misspelt option must not pass unnoticed. */
export function checkKeys<T extends object>(name: string, options: T, known: readonly string[]): T {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${name} must be an object, not ${describe(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`${name} has no option "${key}" (there are: ${known.join(', ')})`);
  }
  return options;
}

export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') {
    try {
      return JSON.stringify(value);
    } catch {
      return `a ${value.constructor?.name ?? 'object'}`;
    }
  }
  return typeof value === 'string' ? `"${value}"` : `${String(value)} (${typeof value})`;
}
