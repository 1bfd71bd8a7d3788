/** Packets written again from what was read: the same bytes for every valid stream of today. */
import { native } from '../native.js';
import { flatMeta, NO_VALUE } from './frame.js';
import type { GdpPacket } from './packet.js';

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
  const [times, flags] = frame
    ? flatMeta('packet', packet)
    : [BigUint64Array.of(packet.kind === 'event' ? NO_VALUE : 0n, 0n, 0n, 0n, 0n), 0];
  const header = native.gdpHeader(
    packet.kind === 'event' ? packet.wireType : wire.type,
    times,
    flags,
    payload,
    wire.headerFlags & CRC_FLAGS,
  );
  return Buffer.concat([header, payload]);
}

function payloadOf(packet: GdpPacket): Uint8Array {
  if (packet.kind === 'buffer') return packet.payload;
  const text = packet.kind === 'event' && packet.skipped !== undefined ? undefined : packet.text;
  // The core prints ASCII only.
  return text === undefined ? packet.payload : Buffer.from(`${text}${String.fromCharCode(NUL)}`, 'latin1');
}
