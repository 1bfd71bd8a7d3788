/** An event: what happens to a stream between its frames. */
import type { GDP_EVENTS } from '../binding.js';
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

/** GStreamer's events by their nicks. */
export type EventType = keyof typeof GDP_EVENTS;

/** The sticky ones that have a typed form: as setStreamState() takes it. */
export interface StickyEvent {
  streamStart?: StreamStart;
  segment?: Segment;
  tags?: Tags;
}

export class Event {
  /** `unknown` is one that nobody knows. */
  readonly type: EventType | 'unknown';
  readonly #text: string | undefined;
  #structure: Structure | undefined;

  /** `structure`: as an object or in GStreamer's spelling; flush-start and eos have none. */
  constructor(type: EventType | 'unknown', structure?: Structure | string) {
    this.type = type;
    this.#text = structure === undefined ? undefined : String(structure);
    if (structure instanceof Structure) this.#structure = structure;
  }

  static streamStart(streamStart: StreamStart): Event {
    return new Event('stream-start', streamStartText(streamStart));
  }

  static segment(segment: Segment = {}): Event {
    return new Event('segment', segmentText(segment));
  }

  static tags(tags: Tags): Event {
    return new Event('tag', tagsText(tags));
  }

  /** Nothing comes from `timestamp` on, for `duration`; both in ns. */
  static gap(timestamp: bigint, duration?: bigint): Event {
    return new Event(
      'gap',
      new Structure('GstEventGap', {
        timestamp: { uint64: timestamp },
        ...(duration !== undefined && { duration: { uint64: duration } }),
      }),
    );
  }

  /** The structure in GStreamer's spelling; undefined when the event has none, or it cannot be read. */
  get text(): string | undefined {
    return this.#text;
  }

  /** The same as typed values. Throws a TypeError when the text that the event was made of cannot be read. */
  get structure(): Structure | undefined {
    if (this.#structure === undefined && this.#text !== undefined) {
      this.#structure = Structure.parse(this.#text);
    }
    return this.#structure;
  }

  /** What setStreamState() takes of a stream-start, segment or tag event; undefined for all others. */
  get state(): StickyEvent | undefined {
    const { structure, type } = this;
    if (structure === undefined) return undefined;
    if (type === 'stream-start') return { streamStart: streamStartOf(structure) };
    if (type === 'segment') return { segment: segmentOf(structure) };
    return type === 'tag' ? { tags: tagsOf(structure) } : undefined;
  }
}
