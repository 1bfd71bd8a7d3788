/** Sticky events as typed objects, out of their structures: what setStreamState() takes. */
import {
  SEGMENT_FORMATS,
  SEGMENT_POSITIONS,
  type Segment,
  STREAM_FLAGS,
  type StreamStart,
  type Tags,
  type TagValue,
} from './sticky-events.js';
import type { FieldValue, StructureParts } from './value.js';

const NONE = 2n ** 64n - 1n;

type Fields = Readonly<Record<string, unknown>>;

export function streamStartOf({ fields = {} }: StructureParts): StreamStart {
  const groupId = inner(fields['group-id'], 'uint');
  const flags = flagsOf(inner(fields.flags, 'text'));
  return {
    streamId: typeof fields['stream-id'] === 'string' ? fields['stream-id'] : '',
    ...(typeof groupId === 'number' && groupId > 0 && { groupId }),
    ...(flags.length > 0 && { flags }),
  };
}

/** "GST_STREAM_FLAG_SPARSE+GST_STREAM_FLAG_SELECT", "sparse", or the number. */
function flagsOf(text: unknown): (typeof STREAM_FLAGS)[number][] {
  if (typeof text !== 'string') return [];
  const names = text.split('+').map((name) => name.replace('GST_STREAM_FLAG_', '').toLowerCase());
  const bits = Number(text);
  return STREAM_FLAGS.filter((flag, i) => names.includes(flag) || (bits & (1 << i)) !== 0);
}

/** Flags of a segment have no typed form. */
export function segmentOf({ fields = {} }: StructureParts): Segment {
  const { fields: parts = {} } = (inner(fields.segment, 'segment') ?? {}) as Partial<StructureParts>;
  const format = String(inner(parts.format, 'text') ?? 'time');
  const name = format.replace('GST_FORMAT_', '').toLowerCase();
  const segment: Segment = {
    format: SEGMENT_FORMATS.find((known, i) => known === name || String(i) === format) ?? 'time',
    rate: Number(inner(parts.rate, 'double') ?? 1),
    appliedRate: Number(inner(parts['applied-rate'], 'double') ?? 1),
  };
  for (const position of SEGMENT_POSITIONS) {
    const value = inner(parts[position], 'uint64');
    const absent = value === NONE && (position === 'stop' || position === 'duration');
    if (typeof value === 'bigint' && !absent) segment[position] = value;
  }
  return segment;
}

/** What has no place among tags (pictures and other samples) is left out. */
export function tagsOf({ fields = {} }: StructureParts): Tags {
  const { fields: tags = {} } = (inner(fields.taglist, 'taglist') ?? {}) as Partial<StructureParts>;
  const pairs = Object.entries(tags).flatMap(([tag, value]) => {
    const list = inner(value, 'list');
    const values = (Array.isArray(list) ? list : [value]).map(tagValue).filter((it) => it !== undefined);
    const [first] = values;
    return first === undefined ? [] : [[tag, values.length === 1 ? first : values] as const];
  });
  return Object.fromEntries(pairs);
}

function tagValue(value: FieldValue): TagValue | undefined {
  if (typeof value !== 'object') return value;
  const parts = value as Fields;
  for (const form of ['uint', 'uint64', 'double'] as const) {
    if (form in parts) return parts[form] as TagValue;
  }
  return parts.type === 'date' || parts.type === 'datetime' ? String(parts.text) : undefined;
}

/** What a value that is named has under this name. */
function inner(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Fields)[name] : undefined;
}
