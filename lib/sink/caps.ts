/** Caps: what the bytes of a stream are, as GStreamer says it. Fixed ones only, for a stream is one thing. */
import { checkKeys, describe } from '../units.js';
import {
  bufferField,
  doubleField,
  FIELD_NAME,
  fractionField,
  manyField,
  stringField,
  structureText,
  type Typed,
  wholeField,
} from './structure-text.js';

/**
 * A number is an int (32 bit), a bigint an int64, an array an ordered array of one type; the rest is named. There are no
 * ranges and no lists of choices.
 */
export type CapsValue =
  | number
  | bigint
  | string
  | boolean
  | Uint8Array
  | { readonly double: number }
  | { readonly fraction: readonly [numerator: number, denominator: number] }
  | { readonly bitmask: number | bigint }
  | readonly CapsValue[];

export interface Caps {
  /** The media type: "audio/x-raw", "application/ogg". */
  name: string;
  fields?: Readonly<Record<string, CapsValue>>;
  /** Sent to every client, in this order, before its first frame: the stream headers. None: the stream has none. */
  streamheader?: readonly Uint8Array[];
}

const MEDIA_TYPE = /^[A-Za-z][A-Za-z0-9\-/:._+]*$/;

/** The text of `caps` without their streamheader. Throws a TypeError or RangeError that names the field. */
export function capsText(caps: Caps): string {
  checkKeys('caps', caps, ['name', 'fields', 'streamheader']);
  if (typeof caps.name !== 'string' || !MEDIA_TYPE.test(caps.name)) {
    throw new TypeError(`caps.name must be a media type like "audio/mpeg", not ${describe(caps.name)}`);
  }
  const fields = caps.fields ?? {};
  if (typeof fields !== 'object' || Array.isArray(fields)) {
    throw new TypeError(`caps.fields must be an object, not ${describe(fields)}`);
  }
  return structureText(
    caps.name,
    Object.entries(fields).map(([field, value]) => {
      if (!FIELD_NAME.test(field)) throw new TypeError(`caps.fields: no field can be called "${field}"`);
      if (field === 'streamheader')
        throw new TypeError('caps.fields.streamheader: give it as caps.streamheader');
      return [field, valueField(`caps.fields.${field}`, value)];
    }),
  );
}

function valueField(name: string, value: unknown): Typed {
  if (typeof value === 'string') return stringField(name, value);
  if (typeof value === 'boolean') return { type: 'boolean', text: String(value) };
  if (typeof value === 'bigint') return wholeField(name, 'gint64', value, -(2n ** 63n), 2n ** 63n - 1n);
  if (value instanceof Uint8Array) return bufferField(name, value);
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) {
      throw new RangeError(`${name} (${value}) is no whole number: write { double: ${value} }`);
    }
    return wholeField(name, 'int', value, -(2n ** 31n), 2n ** 31n - 1n);
  }
  if (Array.isArray(value)) {
    return manyField(
      name,
      value.map((item, i) => valueField(`${name}[${i}]`, item)),
      '<',
      '>',
    );
  }
  return namedField(name, value);
}

function namedField(name: string, value: unknown): Typed {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const inner = (value as Record<string, unknown> | null)?.[keys[0] ?? ''];
  if (keys.length === 1 && keys[0] === 'double') return doubleField(`${name}.double`, inner);
  if (keys.length === 1 && keys[0] === 'fraction') return fractionField(`${name}.fraction`, inner);
  if (keys.length === 1 && keys[0] === 'bitmask') {
    const { text } = wholeField(`${name}.bitmask`, 'bitmask', inner, 0n, 2n ** 64n - 1n);
    return { type: 'bitmask', text: `0x${BigInt(text).toString(16).padStart(16, '0')}` };
  }
  throw new TypeError(
    `${name} must be a number, bigint, string, boolean, Uint8Array, { double }, { fraction }, { bitmask } or an array, ` +
      `for caps must be fixed (no ranges, no lists of choices), not ${describe(value)}`,
  );
}
