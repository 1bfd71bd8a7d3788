/** Makes GDP packets that every gdpdepay of GStreamer 1.x reads. */
import { GDP_EVENTS } from '../binding.js';
import { native } from '../native.js';
import { checkBoolean, checkKeys, describe } from '../units.js';
import { BUFFER_FLAGS, type EventType, NO_VALUE } from './packet.js';

export interface GdpEncoderOptions {
  /** gdppay's crc-header. Default true. */
  headerCrc?: boolean;
  /** gdppay's crc-payload. Default false. */
  payloadCrc?: boolean;
}

/** A frame's metadata; what is missing has no value. Times in ns. */
export interface GdpFrameInfo {
  pts?: bigint | undefined;
  dts?: bigint | undefined;
  duration?: bigint | undefined;
  offset?: bigint | undefined;
  offsetEnd?: bigint | undefined;
  /** A receiver can start here. Default true. */
  keyframe?: boolean;
  header?: boolean;
  discont?: boolean;
  gap?: boolean;
  live?: boolean;
}

const TIMES = ['pts', 'dts', 'duration', 'offset', 'offsetEnd'] as const;
const FLAGS = ['header', 'discont', 'gap', 'live'] as const;
const INFO_KEYS = [...TIMES, ...FLAGS, 'keyframe'];

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

  /** The header that belongs in front of `data`, which stays as it is: send both. */
  frameHeader(data: Uint8Array, info: GdpFrameInfo = {}): Uint8Array {
    if (!(data instanceof Uint8Array))
      throw new TypeError(`data must be a Uint8Array, not ${describe(data)}`);
    checkKeys('info', info, INFO_KEYS);
    const meta = BigUint64Array.from(TIMES, (name) => checkTime(`info.${name}`, info[name]));
    let flags = checkBoolean('info.keyframe', info.keyframe ?? true) ? 0 : BUFFER_FLAGS.delta;
    for (const name of FLAGS) {
      if (checkBoolean(`info.${name}`, info[name] ?? false)) flags |= BUFFER_FLAGS[name];
    }
    return native.gdpHeader(BUFFER_TYPE, meta, flags, data, this.#headerFlags);
  }

  /** Throws a TypeError when the caps cannot be read, are not fixed, or hold what a receiver could not read. */
  caps(caps: string): Uint8Array {
    return this.#encode('caps', true, caps);
  }

  /**
   * `structure` in GStreamer's spelling; flush-start and eos have none. Throws a TypeError for what cannot be read,
   * for events that do not travel downstream, and for what a receiver could not read.
   */
  event(type: EventType, structure?: string): Uint8Array {
    const number = GDP_EVENTS[type];
    if (number === undefined) throw new TypeError(`there is no event ${describe(type)}`);
    return this.#encode(type, number, structure);
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

function checkTime(name: string, value: unknown): bigint {
  if (value === undefined) return NO_VALUE;
  if (typeof value !== 'bigint') throw new TypeError(`${name} must be a bigint, not ${describe(value)}`);
  if (value < 0n || value >= NO_VALUE)
    throw new RangeError(`${name} must be from 0 to 2^64 - 2, not ${value}`);
  return value;
}
