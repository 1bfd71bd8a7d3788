/** Makes GDP packets that every gdpdepay of GStreamer 1.x reads. */
import { GDP_EVENTS } from '../binding.js';
import { native } from '../native.js';
import { Caps } from '../structure/caps.js';
import type { Structure } from '../structure/structure.js';
import { checkBoolean, checkKeys, describe } from '../units.js';
import { Event, type EventType } from './event.js';
import { checkMeta, Frame, type FrameMeta, flatMeta } from './frame.js';
import { GdpCaps, GdpEvent } from './packet.js';
import { referenceEvent } from './reference.js';

export interface GdpEncoderOptions {
  /** gdppay's crc-header. Default true. */
  headerCrc?: boolean;
  /** gdppay's crc-payload. Default false. */
  payloadCrc?: boolean;
}

/** What a packet can be made of; what a parser has given is one, too. */
export type GdpItem = Frame | Caps | Event | GdpCaps;

const BUFFER_TYPE = 1;
const HEADER_CRC = 1;
const PAYLOAD_CRC = 2;

export class GdpEncoder {
  readonly #headerFlags: number;

  constructor(options: GdpEncoderOptions = {}) {
    const { headerCrc = true, payloadCrc = false } = checkKeys('options', options, [
      'headerCrc',
      'payloadCrc',
    ]);
    this.#headerFlags =
      (checkBoolean('options.headerCrc', headerCrc) ? HEADER_CRC : 0) |
      (checkBoolean('options.payloadCrc', payloadCrc) ? PAYLOAD_CRC : 0);
  }

  /** What belongs in front of `data`, which stays as it is: send both. With `info.reference` that is an event and a header. */
  frameHeader(data: Uint8Array, info: FrameMeta = {}): Uint8Array {
    return this.#header(data, 'info', checkMeta('info', info));
  }

  /** The whole packet. The bytes are copied; frameHeader() spares that. */
  frame(frame: Frame): Uint8Array {
    if (!(frame instanceof Frame)) throw new TypeError(`frame must be a Frame, not ${describe(frame)}`);
    return Buffer.concat([this.#header(frame.payload, 'frame', frame), frame.payload]);
  }

  /**
   * `caps` may also be in GStreamer's spelling. Throws a TypeError when they cannot be read, are not fixed, or hold what a
   * receiver could not read.
   */
  caps(caps: Caps | string): Uint8Array {
    return this.#encode('caps', true, typeof caps === 'object' ? new Caps(caps).toString() : caps);
  }

  /**
   * An Event, or its type and `structure`, which may also be in GStreamer's spelling; flush-start and eos have none.
   * Throws a TypeError for what cannot be read, for events that do not travel downstream, and for what a receiver could
   * not read.
   */
  event(event: Event | EventType, structure?: Structure | string): Uint8Array {
    const { type, text } = event instanceof Event ? event : new Event(event, structure);
    const number = type === 'unknown' ? undefined : GDP_EVENTS[type];
    if (number === undefined) throw new TypeError(`there is no event ${describe(type)}`);
    return this.#encode(type, number, text);
  }

  /** The packet of a frame, of caps or of an event; nothing for an event that is to be passed over. */
  encode(item: GdpItem): Uint8Array | undefined {
    if (item instanceof Frame) return this.frame(item);
    if (item instanceof GdpCaps) return this.caps(item.text);
    if (item instanceof Caps) return this.caps(item);
    if (!(item instanceof Event))
      throw new TypeError(`a Frame, Caps or Event is wanted, not ${describe(item)}`);
    return item instanceof GdpEvent && item.skipped !== undefined ? undefined : this.event(item);
  }

  #header(data: Uint8Array, name: string, meta: FrameMeta): Uint8Array {
    if (!(data instanceof Uint8Array))
      throw new TypeError(`data must be a Uint8Array, not ${describe(data)}`);
    const [times, flags] = flatMeta(name, meta);
    const header = native.gdpHeader(BUFFER_TYPE, times, flags, data, this.#headerFlags);
    if (meta.reference === undefined) return header;
    return Buffer.concat([this.event(referenceEvent(`${name}.reference`, meta.reference)), header]);
  }

  #encode(name: string, what: true | number, text: string | undefined): Uint8Array {
    if (typeof text !== 'string' && (what === true || text !== undefined)) {
      throw new TypeError(`${name} must be a string, not ${describe(text)}`);
    }
    try {
      return native.gdpEncode(what, text === undefined ? undefined : Buffer.from(text), this.#headerFlags);
    } catch (error) {
      throw new TypeError(`${name}: ${(error as Error).message}`);
    }
  }
}
