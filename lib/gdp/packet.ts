/** GDP packets as JavaScript sees them. Timestamps, durations and offsets are bigint; undefined means "no value". */
import { GDP_EVENTS, GDP_RECORD, type GdpBatch } from '../binding.js';
import { Caps } from '../structure/caps.js';
import { Event, type EventType } from './event.js';
import { BUFFER_FLAGS, Frame, type FrameMeta, NO_VALUE } from './frame.js';

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

/** What every packet has. */
export interface GdpPacketBase {
  /** Bytes of the stream before its header. */
  readonly at: number;
  readonly wire: GdpWire;
  readonly payload: Uint8Array;
}

export class GdpFrame extends Frame implements GdpPacketBase {
  readonly kind = 'buffer';
  readonly at: number;
  readonly wire: GdpWire;

  constructor({ at, wire, payload }: GdpPacketBase, meta: FrameMeta) {
    super(payload, meta);
    this.at = at;
    this.wire = wire;
  }
}

export class GdpCaps implements GdpPacketBase {
  readonly kind = 'caps';
  readonly at: number;
  readonly wire: GdpWire;
  readonly payload: Uint8Array;
  /** In GStreamer's spelling. */
  readonly text: string;
  #caps: Caps | undefined;

  constructor({ at, wire, payload }: GdpPacketBase, text: string) {
    this.at = at;
    this.wire = wire;
    this.payload = payload;
    this.text = text;
  }

  get caps(): Caps {
    this.#caps ??= Caps.parse(this.text);
    return this.#caps;
  }

  /** What setStreamState() takes. */
  get state(): { caps: Caps } {
    return { caps: this.caps };
  }
}

export class GdpEvent extends Event implements GdpPacketBase {
  readonly kind = 'event';
  readonly at: number;
  readonly wire: GdpWire;
  readonly payload: Uint8Array;
  /** The number that stands for it in a header of today; wire.type is the sender's. */
  readonly wireType: number;
  /** Why the event is to be passed over; undefined: it is not. */
  readonly skipped: string | undefined;

  constructor(
    { at, wire, payload }: GdpPacketBase,
    type: EventType | 'unknown',
    text: string | undefined,
    wireType: number,
    skipped: string | undefined,
  ) {
    super(type, text);
    this.at = at;
    this.wire = wire;
    this.payload = payload;
    this.wireType = wireType;
    this.skipped = skipped;
  }
}

export type GdpPacket = GdpFrame | GdpCaps | GdpEvent;

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
  const base = { at: numberAt(record, GDP_RECORD.at), wire: wireOf(record), payload };
  switch (numberAt(record, GDP_RECORD.kind)) {
    case 0:
      return new GdpFrame(base, metaOf(record, base.wire));
    case 1:
      return new GdpCaps(base, text);
    default:
      return new GdpEvent(
        base,
        EVENT_NAMES.get(numberAt(record, GDP_RECORD.event) as never) ?? 'unknown',
        text === '' ? undefined : text,
        numberAt(record, GDP_RECORD.readType),
        skipped === '' ? undefined : skipped,
      );
  }
}

function metaOf(record: BigUint64Array, { pts, duration, offset, offsetEnd }: GdpWire): FrameMeta {
  const flags = numberAt(record, GDP_RECORD.readFlags);
  const has = (flag: number) => (flags & flag) !== 0;
  return {
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
  };
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
