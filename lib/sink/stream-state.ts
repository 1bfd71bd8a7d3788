/** What a receiver must know before a frame means anything: the typed form, its checks, and how changes are merged. */
import { STATE_TEXTS } from '../binding.js';
import { Caps, capsText } from '../structure/caps.js';
import { segmentOf, streamStartOf, tagsOf } from '../structure/read-sticky.js';
import {
  type Segment,
  type StreamStart,
  segmentText,
  streamStartText,
  type Tags,
  tagsText,
} from '../structure/sticky-events.js';
import { Structure } from '../structure/structure.js';
import { checkText } from '../structure/text.js';
import { checkKeys, describe } from '../units.js';

/**
 * Whom it reaches: `headers` every client, `title` those with ICY framing; `streamStart`, `caps`, `segment` and `tags` are
 * for receivers that speak GDP, and nobody else sees a byte of them.
 */
export interface StreamState {
  streamStart?: StreamStart;
  /** New caps bring their own headers: without `streamheader` (and without `headers` beside them) there are none. */
  caps?: Caps;
  segment?: Segment;
  tags?: Tags;
  /** What is on now, for players that show it. Not taken from the tags. */
  title?: string;
  /** The stream headers: the same thing as `caps.streamheader`, for streams without caps. */
  headers?: readonly Uint8Array[];
}

/** What is to be different: what is not given stays as it was, null takes it away. */
export type StreamStateChange = { [Part in keyof StreamState]?: StreamState[Part] | null | undefined };

type TextPart = (typeof STATE_TEXTS)[number];

/** For the addon; undefined: no change. */
export interface FlatChange {
  headers: readonly Uint8Array[] | undefined;
  texts: (string | undefined)[];
}

/** What the core has: the headers, and texts in the order of STATE_TEXTS. */
export type KnownState = readonly [headers: readonly Uint8Array[], texts: readonly string[]];

const PRINTERS: { [Part in TextPart]: (value: never) => string } = {
  streamStart: streamStartText,
  caps: capsText,
  segment: segmentText,
  tags: tagsText,
  title: (title) => checkText('title', title),
};

/** A source may have said it in GStreamer's spelling. */
const READERS: { [Part in TextPart]: (text: string) => StreamState[Part] } = {
  streamStart: (text) => streamStartOf(Structure.parse(text)),
  caps: (text) => Caps.parse(text),
  segment: (text) => segmentOf(Structure.parse(text)),
  tags: (text) => tagsOf(Structure.parse(text)),
  title: (text) => text,
};

const MAX_HEADERS = 0x7fffffff;

/** The state of one sink's stream, as JavaScript has set it. What a native source says is only known to the core. */
export class StickyState {
  /** Without caps.streamheader: that is `headers`. A copy of its own. */
  #state: StreamState = {};
  /** The same as text. */
  readonly #texts: string[] = STATE_TEXTS.map(() => '');

  /** Takes a change over, all of it or, when it throws a TypeError or RangeError, nothing. */
  change(change: StreamStateChange): FlatChange {
    checkKeys('stream state', change, [...STATE_TEXTS, 'headers']);
    const texts = STATE_TEXTS.map((part) => {
      const value = change[part];
      return value === undefined || value === null ? textOfNothing(value) : PRINTERS[part](value as never);
    });
    const headers = changedHeaders(change);
    const next: Record<string, unknown> = { ...this.#state };
    for (const [i, part] of STATE_TEXTS.entries()) {
      if (change[part] === null) delete next[part];
      else if (change[part] !== undefined) next[part] = copied(change[part]);
      this.#texts[i] = texts[i] ?? (this.#texts[i] as string);
    }
    if (next.caps !== undefined) delete (next.caps as Caps).streamheader;
    if (headers !== undefined) next.headers = copied(headers);
    if (headers?.length === 0) delete next.headers;
    this.#state = next;
    return { headers, texts };
  }

  /** As it is now, the caller's to keep. `known`: what the core has, if there still is one. */
  get(known?: KnownState): StreamState {
    const state: Record<string, unknown> = { ...copied(this.#state) };
    if (known !== undefined) {
      const [headers, texts] = known;
      for (const [i, part] of STATE_TEXTS.entries()) {
        const text = texts[i] ?? '';
        if (text === this.#texts[i]) continue;
        if (text === '') delete state[part];
        else state[part] = READERS[part](text);
      }
      if (headers.length > 0) state.headers = headers;
      else delete state.headers;
    }
    const { caps, headers } = state as StreamState;
    if (caps !== undefined) {
      // In the core's text there may be another one, as Ogg has it.
      const { streamheader: _, ...rest } = caps;
      state.caps = new Caps({ ...rest, ...(headers !== undefined && { streamheader: copied(headers) }) });
    }
    return state;
  }
}

function textOfNothing(value: undefined | null): string | undefined {
  return value === null ? '' : undefined;
}

function changedHeaders({ headers, caps }: StreamStateChange): readonly Uint8Array[] | undefined {
  const inCaps = caps?.streamheader;
  if (inCaps !== undefined) checkHeaders('caps.streamheader', inCaps);
  if (headers === undefined) return caps === undefined ? undefined : (inCaps ?? []);
  const given = headers === null ? [] : checkHeaders('headers', headers);
  if (inCaps !== undefined && !sameHeaders(given, inCaps)) {
    throw new TypeError('headers and caps.streamheader are the same thing, and these differ: give one');
  }
  return given;
}

function checkHeaders(name: string, headers: unknown): readonly Uint8Array[] {
  if (!Array.isArray(headers)) {
    throw new TypeError(`${name} must be an array of Uint8Array, not ${describe(headers)}`);
  }
  let total = 0;
  for (const [i, header] of headers.entries()) {
    if (!(header instanceof Uint8Array)) {
      throw new TypeError(`${name}[${i}] must be a Uint8Array, not ${describe(header)}`);
    }
    if (header.length === 0) throw new RangeError(`${name}[${i}] must not be empty`);
    total += header.length;
  }
  if (total > MAX_HEADERS) throw new RangeError(`${name} of ${total} bytes are over 2 GiB`);
  return headers;
}

function sameHeaders(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((header, i) => Buffer.compare(header, b[i] as Uint8Array) === 0);
}

/** A deep copy of plain values: nobody can change the state behind our back. */
function copied<T>(value: T): T {
  if (value instanceof Uint8Array) return new Uint8Array(value) as T;
  if (Array.isArray(value)) return value.map(copied) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copied(inner)])) as T;
}
