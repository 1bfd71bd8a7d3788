/** The other sticky events: where a stream comes from, how its timestamps are meant, what is told of its content. */
import { checkChoice, checkInteger, checkKeys, checkNumber, describe } from '../units.js';
import {
  checkText,
  doubleField,
  FIELD_NAME,
  manyField,
  quoted,
  stringField,
  structureText,
  type Typed,
  wholeField,
} from './text.js';

export const STREAM_FLAGS = ['sparse', 'select', 'unselect'] as const;

/** GStreamer: stream-start. */
export interface StreamStart {
  streamId: string;
  /** Streams of one group belong together. From 1. Default: none. */
  groupId?: number;
  /** Default: none. */
  flags?: readonly (typeof STREAM_FLAGS)[number][];
}

export const SEGMENT_FORMATS = ['undefined', 'default', 'bytes', 'time', 'buffers', 'percent'] as const;

/** GStreamer: segment. Positions are in ns with format time, else in the format's own unit. */
export interface Segment {
  /** Default time. */
  format?: (typeof SEGMENT_FORMATS)[number];
  /** Speed of playback, not 0. Default 1. */
  rate?: number;
  /** … and what has been done for it already. Default 1. */
  appliedRate?: number;
  /** Running time at `start`. Default 0. */
  base?: bigint;
  /** Amount cut off in front. Default 0. */
  offset?: bigint;
  /** First timestamp that is played. Default 0. */
  start?: bigint;
  /** First one that is not. Not before `start`. Default: none. */
  stop?: bigint;
  /** Stream time at `start`. Default 0. */
  time?: bigint;
  /** Where the stream is. Default: start. */
  position?: bigint;
  /** Default: not known. */
  duration?: bigint;
}

export type TagValue = string | number | bigint | boolean;

/**
 * GStreamer's names of tags (title, artist, bitrate, replaygain-track-gain…) and their values. Whole numbers are unsigned
 * (32 bit as number, 64 bit as bigint), others doubles; date is "2026-11-25", datetime "2026-11-25T19:30:00Z". Pictures
 * and other samples cannot be told.
 */
export type Tags = Readonly<Record<string, TagValue | readonly TagValue[]>>;

/** Tags whose type does not follow from their value. */
const DOUBLE_TAGS =
  /^(beats-per-minute|replaygain-.*|geo-location-(elevation|horizontal-error|latitude|longitude|.*-(direction|speed)))$/;
const SAMPLE_TAGS = ['application-data', 'attachment', 'image', 'preview-image', 'private-data'];

const NONE = 2n ** 64n - 1n;

export function streamStartText(event: StreamStart): string {
  checkKeys('streamStart', event, ['streamId', 'groupId', 'flags']);
  const fields: [string, Typed][] = [
    ['stream-id', stringField('streamStart.streamId', event.streamId)],
    ['flags', { type: 'GstStreamFlags', text: streamFlags(event.flags ?? []) }],
  ];
  if (event.groupId !== undefined) {
    const id = checkInteger('streamStart.groupId', event.groupId, 1, 2 ** 32 - 1);
    fields.push(['group-id', { type: 'uint', text: String(id) }]);
  }
  return `${structureText('GstEventStreamStart', fields)};`;
}

function streamFlags(flags: readonly string[]): string {
  if (!Array.isArray(flags))
    throw new TypeError(`streamStart.flags must be an array, not ${describe(flags)}`);
  const names = flags.map((flag, i) => checkChoice(`streamStart.flags[${i}]`, flag, STREAM_FLAGS));
  return (names.length === 0 ? ['none'] : names)
    .map((name) => `GST_STREAM_FLAG_${name.toUpperCase()}`)
    .join('+');
}

export const SEGMENT_POSITIONS = ['base', 'offset', 'start', 'stop', 'time', 'position', 'duration'] as const;

export function segmentText(segment: Segment): string {
  checkKeys('segment', segment, ['format', 'rate', 'appliedRate', ...SEGMENT_POSITIONS]);
  const rate = (name: 'rate' | 'appliedRate'): Typed => {
    const value = checkNumber(`segment.${name}`, segment[name] ?? 1, -Number.MAX_VALUE, Number.MAX_VALUE);
    if (value === 0) throw new RangeError(`segment.${name} must not be 0`);
    return doubleField(`segment.${name}`, value);
  };
  const position = (name: (typeof SEGMENT_POSITIONS)[number], absent = 0n): Typed => {
    const value = segment[name] ?? absent;
    if (typeof value !== 'bigint') {
      throw new TypeError(`segment.${name} must be a bigint, not ${describe(value)}`);
    }
    return wholeField(`segment.${name}`, 'guint64', value, 0n, NONE);
  };
  const format = checkChoice('segment.format', segment.format ?? 'time', SEGMENT_FORMATS);
  const inner = structureText('segment', [
    ['flags', { type: 'GstSegmentFlags', text: 'GST_SEGMENT_FLAG_NONE' }],
    ['rate', rate('rate')],
    ['applied-rate', rate('appliedRate')],
    ['format', { type: 'GstFormat', text: format }],
    ['base', position('base')],
    ['offset', position('offset')],
    ['start', position('start')],
    ['stop', position('stop', NONE)],
    ['time', position('time')],
    ['position', position('position', segment.start)],
    ['duration', position('duration', NONE)],
  ]);
  const { start = 0n, stop = NONE } = segment;
  if (stop < start)
    throw new RangeError(`segment.stop (${stop}) must not be before segment.start (${start})`);
  // Plain quotes: receivers do not take these apart as they do others.
  return `GstEventSegment, segment=(GstSegment)"${inner};";`;
}

export function tagsText(tags: Tags): string {
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) {
    throw new TypeError(`tags must be an object, not ${describe(tags)}`);
  }
  const list = structureText(
    'taglist',
    Object.entries(tags).map(([tag, value]) => [tag, tagField(tag, value)]),
  );
  return `${structureText('GstTagList-stream', [['taglist', { type: 'taglist', text: quoted(`${list};`) }]])};`;
}

function tagField(tag: string, value: unknown): Typed {
  if (!FIELD_NAME.test(tag)) throw new TypeError(`tags: no tag can be called "${tag}"`);
  if (SAMPLE_TAGS.includes(tag)) throw new TypeError(`tags.${tag} is a sample, and cannot be told`);
  if (!Array.isArray(value)) return oneTag(`tags.${tag}`, tag, value);
  if (value.length === 0) throw new RangeError(`tags.${tag} must not be an empty array`);
  const items = value.map((item, i) => oneTag(`tags.${tag}[${i}]`, tag, item));
  return items.length === 1 ? (items[0] as Typed) : manyField(`tags.${tag}`, items, '{', '}');
}

function oneTag(name: string, tag: string, value: unknown): Typed {
  if (tag === 'date' || tag === 'datetime') return { type: tag, text: checkDate(name, tag, value) };
  if (DOUBLE_TAGS.test(tag)) return doubleField(name, value);
  if (typeof value === 'string') return stringField(name, value);
  if (typeof value === 'boolean') return { type: 'boolean', text: String(value) };
  if (typeof value === 'bigint' || tag === 'duration') return wholeField(name, 'guint64', value, 0n, NONE);
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? wholeField(name, 'uint', value, 0n, 2n ** 32n - 1n)
      : doubleField(name, value);
  }
  throw new TypeError(`${name} must be a string, number, bigint or boolean, not ${describe(value)}`);
}

function checkDate(name: string, tag: 'date' | 'datetime', value: unknown): string {
  const text = checkText(name, value);
  const [shape, like] =
    tag === 'date'
      ? [/^\d{4}-\d\d-\d\d$/, '2026-11-25']
      : [/^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/, '2026-11-25T19:30:00Z'];
  const day = text.slice(0, 10);
  // Date takes a 31st of February for the 3rd of March.
  if (!shape.test(text) || Number.isNaN(Date.parse(text)) || !new Date(day).toISOString().startsWith(day)) {
    throw new RangeError(`${name} must be a date like "${like}", not ${describe(value)}`);
  }
  return quoted(text);
}
