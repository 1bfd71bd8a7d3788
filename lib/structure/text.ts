/**
 * GStreamer's text form of structures and their fields: how caps and events are told to receivers that speak GDP.
 * Only written here; the core reads it (read.ts).
 */
import { describe } from '../units.js';

/** One field's value, as its type and its text; without a type when its items have their own. */
export interface Typed {
  readonly type: string;
  readonly text: string;
}

/** What a field can be called. */
export const FIELD_NAME = /^[A-Za-z0-9][A-Za-z0-9\-/:._+]*$/;

/** What needs no quotes. */
const PLAIN = /^[A-Za-z0-9_\-+/:.]+$/;

const INT_MAX = 2_147_483_647;

/** As GStreamer writes strings: plain where it is unmistakable, else quoted, and in ASCII. */
export function quoted(text: string): string {
  if (PLAIN.test(text) && text !== 'NULL') return text;
  let out = '"';
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte >= 0x7f) out += `\\${byte.toString(8).padStart(3, '0')}`;
    else out += PLAIN.test(character) ? character : `\\${character}`;
  }
  return `${out}"`;
}

/** `name, field=(type)value, …`, without an end. */
export function structureText(name: string, fields: readonly (readonly [string, Typed])[]): string {
  const parts = fields.map(([field, { type, text }]) => `${field}=${type === '' ? '' : `(${type})`}${text}`);
  return [name, ...parts].join(', ');
}

/** A string field. */
export function stringField(name: string, value: unknown): Typed {
  return { type: 'string', text: quoted(checkText(name, value)) };
}

/** `value` when it is a string that C can hold. */
export function checkText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, not ${describe(value)}`);
  if (value.includes('\0')) throw new RangeError(`${name} must not contain a NUL character`);
  return value;
}

export function doubleField(name: string, value: unknown): Typed {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be finite, not ${value}`);
  return { type: 'double', text: String(value) };
}

/** A whole number from `min` to `max`, given as number or bigint. */
export function wholeField(name: string, type: string, value: unknown, min: bigint, max: bigint): Typed {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw new TypeError(`${name} must be a number or bigint, not ${describe(value)}`);
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${name} must be a whole number, not ${value}`);
  }
  if (value < min || value > max) throw new RangeError(`${name} must be from ${min} to ${max}, not ${value}`);
  return { type, text: String(value) };
}

export function fractionField(name: string, value: unknown): Typed {
  if (!Array.isArray(value) || value.length !== 2) {
    throw new TypeError(`${name} must be [numerator, denominator], not ${describe(value)}`);
  }
  const top = wholeField(`${name}[0]`, 'int', value[0], BigInt(-INT_MAX), BigInt(INT_MAX)).text;
  return {
    type: 'fraction',
    text: `${top}/${wholeField(`${name}[1]`, 'int', value[1], 1n, BigInt(INT_MAX)).text}`,
  };
}

/** Receivers cannot read an empty buffer. */
export function bufferField(name: string, value: Uint8Array): Typed {
  if (value.length === 0) throw new RangeError(`${name} must not be empty`);
  return { type: 'buffer', text: Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex') };
}

/** Items of one type, for that is written once, in front: between `open` and `close`. */
export function manyField(name: string, items: readonly Typed[], open: string, close: string): Typed {
  const [first] = items;
  const odd = items.findIndex((item) => item.type !== first?.type);
  if (odd >= 0) {
    throw new TypeError(
      `${name}[${odd}] is of type ${items[odd]?.type}, ${name}[0] of type ${first?.type}: they must be of one`,
    );
  }
  return {
    type: first?.type ?? 'int',
    text: `${open} ${items.map((item) => item.text).join(', ')} ${close}`,
  };
}
