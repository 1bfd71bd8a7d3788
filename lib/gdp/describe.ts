/** Packets as `flumen gdp inspect` shows them: what was on the wire, and apart from it what we make of it. */
import { createHash } from 'node:crypto';
import { GDP_EVENTS } from '../binding.js';
import { BUFFER_FLAGS, flagsOf } from './frame.js';
import type { GdpEvent, GdpFrame, GdpPacket } from './packet.js';

/** Values of one line; undefined ones are left out. */
export type Line = Record<string, unknown>;

const FIRST_EVENT = 64;
/** Below it are the event numbers of GStreamer 0.10. */
const FIRST_OF_TODAY = 0x0400;
const HEADER_CRC = 1;
const PAYLOAD_CRC = 2;

export function describePacket(packet: GdpPacket): Line {
  const { kind, at, wire, payload } = packet;
  const payloadChecked = (wire.headerFlags & PAYLOAD_CRC) !== 0;
  const base = {
    kind,
    at,
    version: wire.version,
    header_flags: wire.headerFlags,
    payload_type: wire.type,
    length: payload.length,
    // A packet with a wrong checksum never comes this far.
    header_crc: checksum((wire.headerFlags & HEADER_CRC) !== 0, wire.headerCrc),
    payload_crc: checksum(payloadChecked, wire.payloadCrc, payload.length > 0),
  };
  if (kind === 'buffer') return { ...base, ...describeFrame(packet) };
  const text = { nul_terminated: payload.indexOf(0) === payload.length - 1 && payload.length > 0 };
  const hash = { payload_sha256: sha256(payload) };
  if (kind === 'caps') return { ...base, caps: wireText(payload), ...text, ...hash };
  return { ...base, ...describeEvent(packet), ...text, ...hash };
}

function describeFrame(frame: GdpFrame): Line {
  const { wire, payload } = frame;
  const flags = flagsOf('packet', frame);
  const same = frame.dts === wire.dts && flags === wire.flags;
  return {
    pts: wire.pts ?? null,
    dts: wire.dts ?? null,
    duration: wire.duration ?? null,
    offset: wire.offset ?? null,
    offset_end: wire.offsetEnd ?? null,
    flags: wire.flags,
    flag_names: flagNames(wire.flags),
    size: payload.length,
    sha256: sha256(payload),
    read_as: same ? undefined : { dts: frame.dts ?? null, flags, flag_names: flagNames(flags) },
  };
}

function describeEvent(event: GdpEvent): Line {
  const { wire, payload } = event;
  const value = (wire.type - FIRST_EVENT) & 0xffff;
  const old = wire.type < FIRST_OF_TODAY;
  const known = old || event.type === 'unknown' ? undefined : event.type;
  const number = value >> 8;
  const structure = payload.length === 0 ? null : wireText(payload);
  const readAs = { type: event.type, structure: event.text ?? null };
  return {
    type: known ?? 'unknown',
    num: number,
    real_num: known === undefined ? number : GDP_EVENTS[known],
    type_value: value,
    header_timestamp: wire.pts ?? null,
    structure,
    skipped: event.skipped,
    read_as: (old || wire.version !== '1.0') && event.skipped === undefined ? readAs : undefined,
  };
}

function checksum(present: boolean, stored: number, compared = true): Line {
  return { present, stored, valid: present && compared ? true : null };
}

function wireText(payload: Uint8Array): string {
  const nul = payload.indexOf(0);
  return Buffer.from(nul < 0 ? payload : payload.subarray(0, nul)).toString('utf8');
}

/** The flags that mean anything to another process. */
function flagNames(flags: number): string[] {
  const names = {
    live: 'LIVE',
    discont: 'DISCONT',
    header: 'HEADER',
    gap: 'GAP',
    delta: 'DELTA_UNIT',
  } as const;
  const known = Object.keys(names) as (keyof typeof names)[];
  return known.filter((name) => (flags & BUFFER_FLAGS[name]) !== 0).map((name) => names[name]);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** One line of JSON, with all digits of 64 bit values. */
export function jsonLine(line: Line): string {
  const parts = Object.entries(line).flatMap(([key, value]) =>
    value === undefined ? [] : [`${JSON.stringify(key)}:${jsonValue(value)}`],
  );
  return `{${parts.join(',')}}`;
}

function jsonValue(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
  return nested ? jsonLine(value as Line) : JSON.stringify(value);
}
