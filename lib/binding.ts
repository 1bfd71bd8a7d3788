/** The doors of the addon (native/addon), typed. Data crosses as flat numbers; ids name sinks and sources. */

/** Appends one frame. False: the producer is to wait for a sinkDrained record. Throws when the sink has ended. */
export type Pusher = (
  bytes: Uint8Array,
  flags?: number,
  pts?: bigint | undefined,
  dts?: bigint | undefined,
  duration?: bigint | undefined,
  offset?: bigint | undefined,
  offsetEnd?: bigint | undefined,
) => boolean;

export interface Binding {
  /**
   * Sets the number of loop threads, the memory cap and the way of sending (SENDS, before the first sink), 0: as it is.
   * False: loops come too late, nothing has changed.
   */
  configure(loops: number, memoryCap: number, sends: number): boolean;
  /** Hangs the bell: `callback` is called, without arguments, when the outbox has something. Once. */
  onBell(callback: () => void): void;
  /** Whether the bell keeps the process running. */
  keepAlive(on: boolean): void;
  /** Fills `records` (see RECORD) and `extras[i]` (a failed operation, a dump, or input); returns how many there were. */
  drain(records: Float64Array, extras: (string | Buffer)[]): number;
  /** Live blocks, live bytes, live clients, open descriptors. */
  diagnostics(): Float64Array;

  sinkOpen(options: Float64Array): number;
  /** A function for the frames of this one sink. */
  sinkPusher(id: number): Pusher;
  /** The packet of an event for GDP clients, in front of the next frame. False: too much waits for a frame already. */
  sinkPushEvent(id: number, packet: Uint8Array): boolean;
  /**
   * Duplicates `fd`; the slot of the new client. Options: see lib/sink/add-options.ts; `client`: its id, for dumps;
   * deadline: ms since the epoch, Infinity for none; prelude: what Node had read of it. Throws with errno and syscall.
   */
  sinkAdd(
    id: number,
    fd: number,
    head: Uint8Array | undefined,
    options: Float64Array,
    client: number,
    deadline: number,
    prelude: Uint8Array | undefined,
  ): number;
  /** With `flush` it gets what is pending for it first. */
  sinkRemove(id: number, slot: number, flush: boolean): void;
  /** ms since the epoch; Infinity: none. */
  sinkSetDeadline(id: number, slot: number, deadline: number): void;
  /** A clientReport record with `request` will follow, unless false: it has left. */
  sinkReport(id: number, slot: number, request: number): boolean;
  /**
   * The stream's state from the next frame on. Texts in the order of STATE_TEXTS, "" for nothing; what is undefined stays
   * as it was.
   */
  sinkSetState(
    id: number,
    headers: readonly Uint8Array[] | undefined,
    texts: readonly (string | undefined)[],
  ): void;
  /** The state of the next frame, whoever has set it. Undefined: the sink has gone. */
  sinkState(id: number): [headers: Uint8Array[], texts: string[]] | undefined;
  /** That many sinkDump records with `request` will follow; 0: the sink has gone. */
  sinkDump(id: number, request: number): number;
  /** New limits (flatLag) for the clients without limits of their own. */
  sinkSetLag(id: number, lag: Float64Array): void;
  sinkClear(id: number): void;
  sinkEnd(id: number, hurry: boolean): void;
  /** Seven totals (see native/addon/sink_doors.cc) and the clients in each of CLIENT_STATES. */
  sinkStats(id: number): Float64Array;

  /** `format`: place in STREAM_FORMATS. */
  sourceOpen(sinkId: number, timeoutMs: number, format: number): number;
  /** Duplicates `fd`. Throws with errno and syscall. */
  sourceAttach(
    id: number,
    fd: number,
    framing: number,
    length: number,
    prelude: Uint8Array | undefined,
    epilogue: Uint8Array | undefined,
    serial: number,
    contentType: Uint8Array | undefined,
  ): void;
  /** True when it is closed at once; otherwise a record follows. */
  sourceClose(id: number): boolean;
  sourceBytesRead(id: number): number;

  /** A GDP parser; the longest frame, caps and event it takes, in bytes. */
  gdpOpen(frameLimit: number, capsLimit: number, eventLimit: number): number;
  /** Without bytes: there are no more. */
  gdpFeed(id: number, bytes: Uint8Array | undefined): GdpBatch;
  gdpClose(id: number): void;
  /** The 62 bytes for this payload. `meta`: pts, dts, duration, offset, offset end. */
  gdpHeader(
    type: number,
    meta: BigUint64Array,
    flags: number,
    payload: Uint8Array,
    headerFlags: number,
  ): Uint8Array;
  /**
   * The packet of caps (true) or of an event (its number) with this text. Throws a TypeError when the text cannot be
   * read, or a receiver could not read it.
   */
  gdpEncode(what: true | number, text: Uint8Array | undefined, headerFlags: number): Uint8Array;
  /**
   * Caps (true) or a structure: the text as GStreamer writes it, and what is in it. Throws a TypeError when it cannot be
   * read.
   */
  gdpRead(caps: boolean, text: Uint8Array): [text: string, ...structures: RawStructure[]];
  /** native/core/gdp/recognise.h, Recognition. */
  gdpRecognise(start: Uint8Array): number;
}

/** Features of caps, then pairs of a field's name and its value. */
export type RawStructure = [name: string, features: string[], ...fields: (string | RawValue)[]];
/** One of VALUE_TYPES, and what belongs to it; of other types name and text. */
export type RawValue = [type: number, ...parts: unknown[]];

/** native/core/gdp/value.h, ValueType: those that have a form of their own in JavaScript. */
export const VALUE_TYPES = {
  int: 0,
  uint: 1,
  int64: 2,
  uint64: 3,
  double: 8,
  boolean: 9,
  string: 10,
  fraction: 11,
  bitmask: 12,
  buffer: 13,
  structure: 15,
  taglist: 16,
  segment: 17,
  array: 20,
  list: 21,
  range: 22,
} as const;

/** The packets that were completed by one feed: GDP_RECORD numbers and two texts each, all payloads in a row. */
export interface GdpBatch {
  readonly records: BigUint64Array;
  /** Caps, or the structure of an event; "" for none. */
  readonly texts: readonly string[];
  /** Why it is to be passed over; "" when it is not. */
  readonly skipped: readonly string[];
  readonly payloads: Uint8Array;
  /** native/core/gdp/fault.h, fault_code(): the stream has failed, for good. */
  readonly fault?: string;
  readonly message?: string;
  readonly at?: number;
  readonly packet?: number;
}

/** Places in a packet's record; `fields` is how many there are. Times and offsets: all bits set for none. */
export const GDP_RECORD = {
  kind: 0,
  at: 1,
  major: 2,
  minor: 3,
  headerFlags: 4,
  type: 5,
  length: 6,
  pts: 7,
  dts: 8,
  duration: 9,
  offset: 10,
  offsetEnd: 11,
  flags: 12,
  headerCrc: 13,
  payloadCrc: 14,
  /** As it is to be read, whatever the sender's age. */
  readDts: 15,
  readFlags: 16,
  /** Number of the event; 0: unknown */
  event: 17,
  readType: 18,
  fields: 19,
} as const;

/** native/core/gdp/event_kind.h: events by their number, as GStreamer 1.x has them. */
export const GDP_EVENTS = {
  'flush-start': 10,
  'flush-stop': 20,
  'stream-start': 40,
  caps: 50,
  segment: 70,
  'stream-collection': 75,
  tag: 80,
  buffersize: 90,
  'sink-message': 100,
  'stream-group-done': 105,
  eos: 110,
  toc: 120,
  protection: 130,
  'segment-done': 150,
  gap: 160,
  'instant-rate-change': 180,
  qos: 190,
  seek: 200,
  navigation: 210,
  latency: 220,
  step: 230,
  reconfigure: 240,
  'toc-select': 250,
  'select-streams': 260,
  'instant-rate-sync-time': 261,
  'custom-upstream': 270,
  'custom-downstream': 280,
  'custom-downstream-oob': 290,
  'custom-downstream-sticky': 300,
  'custom-both': 310,
  'custom-both-oob': 320,
} as const;

/** What configure() takes for the way of sending to sockets. */
export const SENDS = { auto: 0, epoll: 1, uring: 2 } as const;

/** The kinds of records that drain() yields, and how many numbers one takes. */
export const RECORD = {
  fields: 17,
  /** [1, sink, slot, reason, errno, bytes sent, added at (epoch ms), duration (ms), frames dropped] */
  clientRemoved: 1,
  /** [2, sink, -, 1 when it was the last shard, -, bytes to serve, bytes served, sends] */
  sinkFinished: 2,
  /** [3, source, -, -, -, serial] */
  sourceEnded: 3,
  /** [4, source, body offset, -, errno, serial] */
  sourceFailed: 4,
  /** [5, source, -, -, -, serial] */
  sourceTimeout: 5,
  /** [6, source] */
  sourceClosed: 6,
  /**
   * [7, sink, request, state, bytes sent, added at (epoch ms), duration (ms), last activity (epoch ms), frames dropped,
   * lag: frames, bytes, ms, kernel queue (-1: none), first and last timestamp: seconds (NaN: none), ns each]
   */
  clientReport: 7,
  /** [8, sink]: only the addon's own business, a slot may be free */
  clientSettled: 8,
  /** [9, sink, place of the shard, -, -, request], and the dump as text */
  sinkDump: 9,
  /** [10, sink, slot]: what the client has sent is the record's extra; always before its clientRemoved */
  clientInput: 10,
  /** [11, sink]: whoever pushes may go on */
  sinkDrained: 11,
  /** [12, source, byte, packet, -, serial], and "fault-code what is wrong" */
  sourceBroken: 12,
  /** [13, source, byte, packet, -, serial], and "event why it is passed over" */
  sourceSkipped: 13,
  /** [14, source, byte, frame, -, serial], and "format what is wrong" */
  sourceMisread: 14,
  /** [15, source, byte, frame, -, serial], and "format media-type", a line break, caps */
  sourceFormat: 15,
} as const;

/** native/core/client/client.h, Reason. */
export const REASONS = ['none', 'ended', 'closed', 'removed', 'slow', 'timeout', 'error'] as const;

/** native/core/client/client.h, ClientState; undefined: no state that a report shows. */
export const CLIENT_STATES = [
  undefined,
  'caught-up',
  'ready',
  'waiting',
  'blocked',
  'lingering',
  undefined,
] as const;

/** native/core/timeline/start_point.h, SyncMethod. */
export const SYNC_METHODS = [
  'latest',
  'next-keyframe',
  'latest-keyframe',
  'burst',
  'burst-keyframe',
  'burst-with-keyframe',
] as const;

/** native/core/sink/options.h, RecoverPolicy. */
export const RECOVER_POLICIES = ['none', 'latest', 'soft-limit', 'keyframe'] as const;

/** native/core/sink/options.h, PaceRule. */
export const PACES = ['live', 'wait'] as const;

/** native/core/base/units.h, Unit. */
export const UNITS = { none: 0, frames: 1, bytes: 2, ms: 3 } as const;

/** native/core/timeline/stream_state.h, StateText. */
export const STATE_TEXTS = ['streamStart', 'caps', 'segment', 'tags', 'title'] as const;

/** native/core/source/body.h, BodyFraming. */
export const BODY_FRAMING = { raw: 0, length: 1, chunked: 2 } as const;

/** native/core/container/format.h, Format; the first one there has no parser. */
export const CONTAINERS = [
  'mp3',
  'aac',
  'ogg',
  'webm',
  'flv',
  'mpegts',
  'mp4',
  'asf',
  'multipart',
  'h264',
  'h265',
  'wav',
  'flac',
  'sse',
] as const;

/** native/core/source/stream_reader.h, StreamFormat. */
export const STREAM_FORMATS = ['raw', 'gdp', 'auto', ...CONTAINERS] as const;

/** native/core/wire/framing.h, Framing. */
export const FRAMINGS = ['raw', 'chunked', 'websocket', 'icy'] as const;

/** native/core/timeline/frame.h, FrameFlags. */
export const FRAME_FLAGS = { delta: 1, header: 2, discont: 4, live: 8, gap: 16 } as const;

/** What a client is sent: whether frames stand on their own or in packets of GDP. */
export const PAYLOADS = ['raw', 'gdp'] as const;
