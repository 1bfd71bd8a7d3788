/** Packets written again from what was read: the same bytes for every valid stream of today. */
import { native } from '../native.js';
import { BUFFER_FLAGS, type GdpFrame, type GdpPacket, NO_VALUE } from './packet.js';

const NUL = 0;
const CRC_FLAGS = 3;

/**
 * A packet of version 1.0. Caps and structures are printed from their values, events that are passed over keep their
 * bytes; checksums are there where they were.
 */
export function recode(packet: GdpPacket): Uint8Array {
  const { wire } = packet;
  const payload = payloadOf(packet);
  const frame = packet.kind === 'buffer';
  const meta = frame
    ? [packet.pts, packet.dts, packet.duration, packet.offset, packet.offsetEnd].map((it) => it ?? NO_VALUE)
    : [packet.kind === 'event' ? NO_VALUE : 0n, 0n, 0n, 0n, 0n];
  const header = native.gdpHeader(
    packet.kind === 'event' ? packet.wireType : wire.type,
    BigUint64Array.from(meta),
    frame ? flagsOf(packet) : 0,
    payload,
    wire.headerFlags & CRC_FLAGS,
  );
  return Buffer.concat([header, payload]);
}

function payloadOf(packet: GdpPacket): Uint8Array {
  if (packet.kind === 'buffer') return packet.payload;
  const text =
    packet.kind === 'caps' ? packet.caps : packet.skipped === undefined ? packet.structure : undefined;
  // The core prints ASCII only.
  return text === undefined ? packet.payload : Buffer.from(`${text}${String.fromCharCode(NUL)}`, 'latin1');
}

function flagsOf(frame: GdpFrame): number {
  let flags = frame.keyframe ? 0 : BUFFER_FLAGS.delta;
  for (const name of ['live', 'discont', 'header', 'gap'] as const) {
    if (frame[name]) flags |= BUFFER_FLAGS[name];
  }
  return flags;
}
