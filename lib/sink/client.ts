/** A client as JavaScript sees it, and what is said of one that left. */
import type { FRAMINGS, PAYLOADS } from '../binding.js';
import type { SystemError } from '../errors.js';
import { describe } from '../units.js';
import type { LimitOptions, StartOptions } from './rules.js';
import type { SocketOptions } from './socket-options.js';

/**
 * raw: the bytes of the frames. chunked: HTTP/1.1 chunks, each over as many frames as go out together, up to 16 KiB.
 * websocket: binary messages, one a frame, to a client whose handshake has been answered; its pings and its close are
 * answered natively. icy: raw with the stream's title spliced in after every `icyInterval` bytes, for players that have
 * asked by `Icy-MetaData: 1`.
 */
export type Framing = (typeof FRAMINGS)[number];

/**
 * raw: the frames' bytes alone. gdp: the GStreamer Data Protocol, as gdppay writes it: stream-start, caps, segment, tags
 * and stream headers first, then each frame as a packet with its timestamps and flags, and whatever of the stream's state
 * changes in front of the first frame it concerns.
 */
export type Payload = (typeof PAYLOADS)[number];

/** One receiver. A small plain object: no emitter, no timer; the sink's events carry it. */
export interface Client {
  /** Unique within its sink, counted from 1. */
  readonly id: number;
  /** Whatever the application wants to find again. */
  tag: unknown;
}

/**
 * Hears what a client sends: bytes as they come, or with framing websocket one whole message (text or binary) a call.
 * Never called after the client-removed of that client.
 */
export type OnData = (data: Buffer, client: Client) => void;

/**
 * Where this client starts, how far it may lag and how its socket is set up, if other than the sink's. What is not
 * given comes from the sink: the start, or the limits, as a whole when nothing of them is.
 */
export interface AddOptions extends StartOptions, LimitOptions, SocketOptions {
  /** Kept with the client; see Client.tag. */
  tag?: unknown;
  /**
   * Bytes that go out before the first frame: to a socket as they are (the response head, where your program writes it),
   * to a response as the beginning of its body.
   */
  head?: Uint8Array;
  /**
   * How frames are put on the wire of a socket or descriptor; default raw. A response's head settles it, but for `icy`,
   * which makes the head announce it (docs/handoff.md).
   */
  framing?: Framing;
  /** What the frames are sent as. Not gdp with framing icy. Default: the sink's payload. */
  payload?: Payload;
  /**
   * With framing icy: bytes of body between two pieces of metadata, as `icy-metaint` in the response head says. From 256
   * to 1 MiB; default 16,000, or for a response what its `icy-metaint` says.
   */
  icyInterval?: number;
  /** Whether it is given stream headers that change while it listens. Default: the sink's resendStreamHeader. */
  resendStreamHeader?: boolean;
  /**
   * When the client has to go, in ms since the epoch, as Date.now() is. From then on it is sent nothing newer, and it
   * leaves as timeout: at once when that time is past. See setDeadline().
   */
  deadline?: number;
  /** Aborting lets the client go, as remove() does. Aborted already: add() throws its reason. */
  signal?: AbortSignal;
  /** What the client sends, which is discarded otherwise. Sockets only. */
  onData?: OnData;
}

/**
 * Why a client left. ended: after end(). closed: the peer closed (FIN, ECONNRESET, EPIPE). removed: remove(), clear(),
 * its signal, or cut off by close(). slow: hardLimit, stallTimeout or memoryCap. timeout: deadline or idleTimeout. error:
 * see `error`.
 */
export type RemovalReason = 'ended' | 'closed' | 'removed' | 'slow' | 'timeout' | 'error';

export interface ClientStats {
  /** Everything written to the descriptor, heads and framing included. */
  bytesSent: number;
  /** Wall clock, ms since the epoch. */
  connectedAt: number;
  /** From add to removal. */
  durationMs: number;
  /** Frames that its recover policy made it skip. */
  framesDropped: number;
}

export interface RemoveOptions {
  /** The client gets what is pending for it now, and nothing newer, before it goes. Default false. */
  flush?: boolean;
}

export interface ClientRemoved {
  client: Client;
  reason: RemovalReason;
  stats: ClientStats;
  /** With reason `error`. */
  error?: SystemError;
}

export interface SinkEvents {
  /** The client was accepted; exactly one client-removed follows. */
  'client-added': [Client];
  'client-removed': [ClientRemoved];
  /** The first client has come; before its client-added. */
  active: [];
  /** The last client has left; after its client-removed, unless another has come meanwhile. */
  idle: [];
  /** With pace `wait`, after a push that was answered with false: no client is over its soft limit, or the sink ends. */
  drain: [];
  /** After end() or close(): everybody has left and every descriptor is closed. */
  close: [];
}

/** A client on its way or in a native slot. */
export class SinkClient implements Client {
  readonly id: number;
  tag: unknown;
  /** Number of the native slot; PENDING until the descriptor has been taken, GONE once it has left. */
  slot = PENDING;
  /** While PENDING: remove(client, { flush: true }) waits for the descriptor. */
  leaving = false;

  constructor(id: number, tag: unknown) {
    this.id = id;
    this.tag = tag;
  }
}

export const PENDING = -1;
export const GONE = -2;

/** `client` when it is one of a sink's; else a TypeError naming `operation`. */
export function checkClient(operation: string, client: Client): SinkClient {
  if (client instanceof SinkClient) return client;
  throw new TypeError(`${operation}: not a client: ${describe(client)}`);
}
