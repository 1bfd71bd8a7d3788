/** Values of fields, in caps and in structures: their types, and how they are written. */
import { describe } from '../units.js';
import {
  bufferField,
  doubleField,
  FIELD_NAME,
  fractionField,
  manyField,
  quoted,
  stringField,
  structureText,
  type Typed,
  wholeField,
} from './text.js';

/**
 * A number is an int (32 bit), a bigint an int64, an array an ordered array of one type; the rest is named. `type` and
 * `text`: any other type of GStreamer's by its name (enums, flags, dates), null is NULL. There are no ranges and no lists
 * of choices.
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
  | { readonly uint: number }
  | { readonly uint64: bigint }
  | { readonly structure: StructureParts }
  | { readonly type: string; readonly text: string | null }
  | readonly CapsValue[];

/** What events can hold besides. A list is of alternatives; tags with several values are lists, too. */
export type FieldValue =
  | CapsValue
  | { readonly list: readonly FieldValue[] }
  | { readonly range: readonly [low: FieldValue, high: FieldValue, step?: FieldValue] }
  | { readonly taglist: StructureParts }
  | { readonly segment: StructureParts }
  | readonly FieldValue[];

export interface StructureParts {
  readonly name: string;
  readonly fields?: Readonly<Record<string, FieldValue>>;
}

const NAMES_A_TYPE = /^[A-Za-z][A-Za-z0-9]*$/;

/** The value as text. With `fixed` it is for caps: no choices, and arrays of one type. Errors name the field. */
export function valueField(name: string, value: unknown, fixed: boolean): Typed {
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
  if (Array.isArray(value)) return many(name, value, '<', '>', fixed);
  return namedField(name, value, fixed);
}

function many(name: string, values: readonly unknown[], open: string, close: string, fixed: boolean): Typed {
  const items = values.map((item, i) => valueField(`${name}[${i}]`, item, fixed));
  const [first] = items;
  if (fixed || items.every(({ type }) => type === first?.type)) return manyField(name, items, open, close);
  return {
    type: '',
    text: `${open} ${items.map(({ type, text }) => `(${type})${text}`).join(', ')} ${close}`,
  };
}

type NamedPrinter = (name: string, value: unknown, fixed: boolean) => Typed;

const NAMED: Record<string, NamedPrinter> = {
  double: doubleField,
  fraction: fractionField,
  bitmask: (name, value) => {
    const { text } = wholeField(name, 'bitmask', value, 0n, 2n ** 64n - 1n);
    return { type: 'bitmask', text: `0x${BigInt(text).toString(16).padStart(16, '0')}` };
  },
  uint: (name, value) => wholeField(name, 'uint', value, 0n, 2n ** 32n - 1n),
  uint64: (name, value) => wholeField(name, 'guint64', value, 0n, 2n ** 64n - 1n),
  structure: (name, value, fixed) => ({ type: 'structure', text: `[${nestedText(name, value, fixed)}]` }),
};

const NAMED_OF_EVENTS: Record<string, NamedPrinter> = {
  list: (name, value) => many(name, checkArray(name, value), '{', '}', false),
  range: (name, value) => many(name, checkArray(name, value), '[', ']', false),
  taglist: (name, value) => ({ type: 'taglist', text: quoted(nestedText(name, value, false)) }),
  segment: (name, value) => ({ type: 'GstSegment', text: `"${nestedText(name, value, false)}"` }),
};

function namedField(name: string, value: unknown, fixed: boolean): Typed {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const [key = ''] = keys;
  const inner = (value as Record<string, unknown> | null)?.[key];
  if (keys.length === 2 && 'type' in (value as object) && 'text' in (value as object)) {
    return otherField(name, value as { type: unknown; text: unknown });
  }
  const table = fixed ? NAMED : { ...NAMED, ...NAMED_OF_EVENTS };
  const print = keys.length === 1 && Object.hasOwn(table, key) ? table[key] : undefined;
  if (print !== undefined) return print(`${name}.${key}`, inner, fixed);
  const named = Object.keys(table).map((known) => `{ ${known} }`);
  throw new TypeError(
    `${name} must be a number, bigint, string, boolean, Uint8Array, ${named.join(', ')}, { type, text } or an array` +
      `${fixed ? ', for caps must be fixed (no ranges, no lists of choices)' : ''}, not ${describe(value)}`,
  );
}

function otherField(name: string, { type, text }: { type: unknown; text: unknown }): Typed {
  if (typeof type !== 'string' || !NAMES_A_TYPE.test(type)) {
    throw new TypeError(`${name}.type must be the name of a type like "GstFormat", not ${describe(type)}`);
  }
  return { type, text: text === null ? 'NULL' : stringField(`${name}.text`, text).text };
}

function nestedText(name: string, value: unknown, fixed: boolean): string {
  const parts = value as StructureParts | null;
  if (typeof parts !== 'object' || typeof parts?.name !== 'string') {
    throw new TypeError(`${name} must be { name, fields }, not ${describe(value)}`);
  }
  return `${structureText(parts.name, fieldTexts(`${name}.fields`, parts.fields, fixed))};`;
}

/** All fields as text. */
export function fieldTexts(name: string, fields: unknown, fixed: boolean): [field: string, value: Typed][] {
  if (fields === undefined) return [];
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new TypeError(`${name} must be an object, not ${describe(fields)}`);
  }
  return Object.entries(fields).map(([field, value]) => {
    if (!FIELD_NAME.test(field)) throw new TypeError(`${name}: no field can be called "${field}"`);
    return [field, valueField(`${name}.${field}`, value, fixed)];
  });
}

function checkArray(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, not ${describe(value)}`);
  return value;
}
