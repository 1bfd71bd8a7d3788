/** GDP packets as JavaScript sees them. Timestamps, durations and offsets are bigint; undefined means "no value". */
import { GDP_EVENTS, GDP_RECORD, type GdpBatch } from '../binding.js';

/** GStreamer's events by their nicks; `unknown` is one that nobody knows. */
export type EventType = keyof typeof GDP_EVENTS;

/** A header as it was on the wire, whatever the sender's age. */
export interface GdpWire {
  /** "1.0" or "0.2" */
  readonly version: string;
  readonly headerFlags: number;
  /** 1 buffer, 2 caps, from 64 on an event */
  readonly type: number;
  readonly pts: bigint | undefined;
  readonly dts: bigint | undefined;
  readonly duration: bigint | undefined;
  readonly offset: bigint | undefined;
  readonly offsetEnd: bigint | undefined;
  /** GstBufferFlags */
  readonly flags: number;
  readonly headerCrc: number;
  readonly payloadCrc: number;
}

interface PacketBase {
  /** Bytes of the stream before its header. */
  readonly at: number;
  readonly wire: GdpWire;
  readonly payload: Uint8Array;
}

/** GStreamer calls it a buffer. */
export interface GdpFrame extends PacketBase {
  readonly kind: 'buffer';
  /** ns */
  readonly pts: bigint | undefined;
  /** ns */
  readonly dts: bigint | undefined;
  /** ns */
  readonly duration: bigint | undefined;
  readonly offset: bigint | undefined;
  readonly offsetEnd: bigint | undefined;
  /** A receiver can start here: not DELTA_UNIT. */
  readonly keyframe: boolean;
  readonly header: boolean;
  readonly discont: boolean;
  readonly gap: boolean;
  readonly live: boolean;
}

export interface GdpCaps extends PacketBase {
  readonly kind: 'caps';
  /** In GStreamer's spelling. */
  readonly caps: string;
}

export interface GdpEvent extends PacketBase {
  readonly kind: 'event';
  readonly type: EventType | 'unknown';
  /** The number that stands for it in a header of today; wire.type is the sender's. */
  readonly wireType: number;
  /** In GStreamer's spelling; undefined when the event has none, or it cannot be read. */
  readonly structure: string | undefined;
  /** Why the event is to be passed over; undefined: it is not. */
  readonly skipped: string | undefined;
}

export type GdpPacket = GdpFrame | GdpCaps | GdpEvent;

/** GstBufferFlags that travel. */
export const BUFFER_FLAGS = {
  live: 0x10,
  discont: 0x40,
  header: 0x400,
  gap: 0x800,
  delta: 0x2000,
} as const;

/** "No value" on the wire. */
export const NO_VALUE = 0xffff_ffff_ffff_ffffn;

const EVENT_NAMES = new Map(Object.entries(GDP_EVENTS).map(([name, number]) => [number, name as EventType]));

/** The packets of a batch, in order. */
export function packetsOf({ records, texts, skipped, payloads }: GdpBatch): GdpPacket[] {
  const packets: GdpPacket[] = [];
  let from = 0;
  for (let i = 0; i < texts.length; i += 1) {
    const record = records.subarray(i * GDP_RECORD.fields, (i + 1) * GDP_RECORD.fields);
    const to = from + numberAt(record, GDP_RECORD.length);
    packets.push(packetOf(record, texts[i] as string, skipped[i] as string, payloads.subarray(from, to)));
    from = to;
  }
  return packets;
}

function packetOf(record: BigUint64Array, text: string, skipped: string, payload: Uint8Array): GdpPacket {
  const wire = wireOf(record);
  const base = { at: numberAt(record, GDP_RECORD.at), wire, payload };
  switch (numberAt(record, GDP_RECORD.kind)) {
    case 0: {
      const { pts, duration, offset, offsetEnd } = wire;
      const flags = numberAt(record, GDP_RECORD.readFlags);
      const has = (flag: number) => (flags & flag) !== 0;
      return {
        kind: 'buffer',
        pts,
        dts: valueAt(record, GDP_RECORD.readDts),
        duration,
        offset,
        offsetEnd,
        keyframe: !has(BUFFER_FLAGS.delta),
        header: has(BUFFER_FLAGS.header),
        discont: has(BUFFER_FLAGS.discont),
        gap: has(BUFFER_FLAGS.gap),
        live: has(BUFFER_FLAGS.live),
        ...base,
      };
    }
    case 1:
      return { kind: 'caps', caps: text, ...base };
    default:
      return {
        kind: 'event',
        type: EVENT_NAMES.get(numberAt(record, GDP_RECORD.event) as never) ?? 'unknown',
        wireType: numberAt(record, GDP_RECORD.readType),
        structure: text === '' ? undefined : text,
        skipped: skipped === '' ? undefined : skipped,
        ...base,
      };
  }
}

function wireOf(record: BigUint64Array): GdpWire {
  return {
    version: `${numberAt(record, GDP_RECORD.major)}.${numberAt(record, GDP_RECORD.minor)}`,
    headerFlags: numberAt(record, GDP_RECORD.headerFlags),
    type: numberAt(record, GDP_RECORD.type),
    pts: valueAt(record, GDP_RECORD.pts),
    dts: valueAt(record, GDP_RECORD.dts),
    duration: valueAt(record, GDP_RECORD.duration),
    offset: valueAt(record, GDP_RECORD.offset),
    offsetEnd: valueAt(record, GDP_RECORD.offsetEnd),
    flags: numberAt(record, GDP_RECORD.flags),
    headerCrc: numberAt(record, GDP_RECORD.headerCrc),
    payloadCrc: numberAt(record, GDP_RECORD.payloadCrc),
  };
}

function numberAt(record: BigUint64Array, place: number): number {
  return Number(record[place]);
}

function valueAt(record: BigUint64Array, place: number): bigint | undefined {
  const value = record[place] as bigint;
  return value === NO_VALUE ? undefined : value;
}
