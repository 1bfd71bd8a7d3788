/** Reads a GDP stream from bytes that come in any pieces. The parsing is the core's; here packets become objects. */
import type { GdpBatch } from '../binding.js';
import { native } from '../native.js';
import { NUMBERS, numberOption } from '../options.js';
import { checkBoolean, checkKeys, describe } from '../units.js';
import { GdpError } from './error.js';
import { type GdpPacket, packetsOf } from './packet.js';
import { type Reference, referenceOf } from './reference.js';

export interface GdpParserOptions {
  /** The longest frame that is taken, in bytes. Default 16 MiB. */
  maxFrame?: number;
  /** The longest caps, in bytes. Default 4 MiB. */
  maxCaps?: number;
  /** The longest event, in bytes. Default 1 MiB. */
  maxEvent?: number;
  /** Whether a reference is handed out with its frame, and not as an event in front of it. Default false. */
  references?: boolean;
}

// A parser that nobody ended must not stay for ever.
const abandoned = new FinalizationRegistry<number>((id) => native.gdpClose(id));

const NUMBER = NUMBERS.GdpParserOptions;

export class GdpParser {
  readonly #id: number;
  #error: GdpError | undefined;
  #ended = false;
  readonly #references: boolean;
  /** What the next frame comes with. */
  #reference: Reference | undefined;

  constructor(options: GdpParserOptions = {}) {
    const { maxFrame, maxCaps, maxEvent, references } = checkKeys('options', options, [
      'maxFrame',
      'maxCaps',
      'maxEvent',
      'references',
    ]);
    this.#references = checkBoolean('options.references', references ?? false);
    this.#id = native.gdpOpen(
      numberOption(NUMBER.maxFrame, maxFrame),
      numberOption(NUMBER.maxCaps, maxCaps),
      numberOption(NUMBER.maxEvent, maxEvent),
    );
    abandoned.register(this, this.#id, this);
  }

  /** Why the stream cannot be read on. */
  get error(): GdpError | undefined {
    return this.#error;
  }

  /**
   * The packets that are complete with these bytes. `bytes` are used up by the call; the iteration throws a GdpError
   * behind the last good packet of a stream that is broken.
   */
  push(bytes: Uint8Array): Iterable<GdpPacket> {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError(`bytes must be a Uint8Array, not ${describe(bytes)}`);
    if (this.#ended) throw new Error('end() has been called: this parser takes no more bytes');
    if (this.#error !== undefined) throw this.#error;
    const batch = native.gdpFeed(this.#id, bytes);
    const packets = packetsOf(batch);
    return deliver(
      this.#references ? packets.filter((packet) => this.#joined(packet)) : packets,
      this.#note(batch),
    );
  }

  /** There are no more bytes. Throws a GdpError when the stream is broken, or ends inside a packet. */
  end(): void {
    if (!this.#ended && this.#error === undefined) this.#note(native.gdpFeed(this.#id, undefined));
    this.#ended = true;
    this.#close();
    if (this.#error !== undefined) throw this.#error;
  }

  /** Puts a reference to its frame. False: the packet is one, and is not handed out. */
  #joined(packet: GdpPacket): boolean {
    if (packet.kind === 'event') {
      const reference = referenceOf(packet);
      this.#reference = reference ?? this.#reference;
      return reference === undefined;
    }
    if (packet.kind === 'buffer') {
      packet.reference = this.#reference;
      this.#reference = undefined;
    }
    return true;
  }

  #note({ fault, message, at, packet }: GdpBatch): GdpError | undefined {
    if (fault === undefined) return undefined;
    this.#error = new GdpError(fault, message as string, at as number, packet as number);
    this.#close();
    return this.#error;
  }

  #close(): void {
    abandoned.unregister(this);
    native.gdpClose(this.#id);
  }
}

function* deliver(packets: readonly GdpPacket[], error: GdpError | undefined): Generator<GdpPacket, void> {
  yield* packets;
  if (error !== undefined) throw error;
}

/** What the first bytes of a stream say: 62 of them are enough. */
export type GdpRecognition = 'no' | 'need-more' | 'yes' | 'too-old';

const RECOGNITIONS = ['no', 'need-more', 'yes', 'too-old'] as const;

/** Whether a stream that begins so is GDP ("typefind"); `too-old`: version 0.0 or 0.1, which cannot be read. */
export function recogniseGdp(start: Uint8Array): GdpRecognition {
  if (!(start instanceof Uint8Array))
    throw new TypeError(`start must be a Uint8Array, not ${describe(start)}`);
  return RECOGNITIONS[native.gdpRecognise(start)] as GdpRecognition;
}
