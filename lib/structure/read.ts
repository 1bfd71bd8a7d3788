/** GStreamer's text as typed values. The core reads it; here its arrays become objects. */
import { type RawStructure, type RawValue, VALUE_TYPES } from '../binding.js';
import { native } from '../native.js';
import { describe } from '../units.js';
import type { FieldValue } from './value.js';

export interface ReadStructure {
  readonly name: string;
  readonly features: readonly string[];
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** The text as GStreamer writes it, and its structures. Throws a TypeError that says what is wrong, and at which byte. */
export function readText(what: 'caps' | 'structure', text: string): [text: string, ...ReadStructure[]] {
  if (typeof text !== 'string') throw new TypeError(`${what} must be a string, not ${describe(text)}`);
  try {
    const [printed, ...structures] = native.gdpRead(what === 'caps', Buffer.from(text));
    return [printed, ...structures.map(structureOf)];
  } catch (error) {
    throw new TypeError(`${what}: ${(error as Error).message}`);
  }
}

function structureOf([name, features, ...fields]: RawStructure): ReadStructure {
  const pairs: [string, FieldValue][] = [];
  for (let i = 0; i < fields.length; i += 2) {
    pairs.push([fields[i] as string, fieldValue(fields[i + 1] as RawValue)]);
  }
  return { name, features, fields: Object.fromEntries(pairs) };
}

function fieldValue([type, ...parts]: RawValue): FieldValue {
  const [first] = parts;
  const items = () => (parts as RawValue[]).map(fieldValue);
  const nested = () => {
    const { name, fields } = structureOf(first as RawStructure);
    return { name, fields };
  };
  switch (type) {
    case VALUE_TYPES.int:
    case VALUE_TYPES.int64:
    case VALUE_TYPES.boolean:
    case VALUE_TYPES.buffer:
      return first as FieldValue;
    case VALUE_TYPES.string:
      return first === null ? { type: 'string', text: null } : (first as string);
    case VALUE_TYPES.uint:
      return { uint: first as number };
    case VALUE_TYPES.uint64:
      return { uint64: first as bigint };
    case VALUE_TYPES.double:
      return { double: first as number };
    case VALUE_TYPES.bitmask:
      return { bitmask: first as bigint };
    case VALUE_TYPES.fraction:
      return { fraction: parts as [number, number] };
    case VALUE_TYPES.array:
      return items();
    case VALUE_TYPES.list:
      return { list: items() };
    case VALUE_TYPES.range:
      return { range: items() as [FieldValue, FieldValue] };
    case VALUE_TYPES.structure:
      return { structure: nested() };
    case VALUE_TYPES.taglist:
      return { taglist: nested() };
    case VALUE_TYPES.segment:
      return { segment: nested() };
    default:
      return { type: first as string, text: parts[1] as string | null };
  }
}
