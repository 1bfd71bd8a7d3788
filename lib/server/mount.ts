/** A public path with a sink behind it, and the source that feeds it. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Head, Headers } from '../http/head.js';
import { latin1 } from '../http/reply.js';
import type { MountStatus } from '../http/status.js';
import type { StreamInfo } from '../ingest/upload.js';
import { NUMBERS } from '../options.js';
import type { Client, ClientRemoved } from '../sink/client.js';
import { MultiSocketSink } from '../sink/multi-socket-sink.js';
import { type AttachOptions, FdSource } from '../source/fd-source.js';
import type { SourceWarning, StreamDescription } from '../source/notes.js';
import { StreamHead, streamHeaders, takesTitles } from './listener-reply.js';

export interface MountOptions {
  /** ms for which listeners are kept after the source has gone. */
  readonly sourceGrace: number;
  /** ms for which small frames are collected before they are sent. */
  readonly flushInterval: number;
  /** ms of the stream that a new listener is given at once; default 5,000. */
  readonly burst?: number;
  /** ms of silence after which a source has gone, whatever TCP says; default 10,000. */
  readonly sourceTimeout?: number;
}

/** Who is told what happens to a mount. */
export interface MountObserver {
  sourceConnected(mount: Mount): void;
  /** The source has gone; with an error when it did not end properly. Listeners stay for the grace time. */
  sourceGone(mount: Mount, error: Error | undefined): void;
  /** What the source's stream is: `mount.info` says so from now on. */
  sourceRecognised(mount: Mount, description: StreamDescription): void;
  /** Something of the source's stream could not be used; it goes on. */
  sourceMisread(mount: Mount, warning: SourceWarning): void;
  listenerAdded(mount: Mount, client: Client): void;
  listenerRemoved(mount: Mount, removed: ClientRemoved): void;
  /** The path is free again; the listeners have been or are being ended. */
  mountEnded(mount: Mount): void;
}

/** What a mount remembers of a listener, as the tag of its Client. Ten thousand of them: keep it small. */
export interface Listener {
  readonly remoteAddress: string;
}

/** How much of the recent stream a new listener is given at once by default, so that players start without waiting. ms. */
export const BURST_MS = NUMBERS.ServerOptions.burst.usual;
/** … and how much at most, where the stream comes faster than it plays and says nothing of its time. */
const BURST_MOST = 16 * 1024 * 1024;
const SOURCE_TIMEOUT = 10_000;
/** How long the end of a mount may take: to send the rest, and to flush it. ms. */
const END_TIMEOUT = 1_000;
const CLOSE_TIMEOUT = 500;

/** What matters of a listener's request. */
type RequestHead = Pick<Head, 'minor' | 'headers'>;

type State = 'idle' | 'live' | 'program' | 'dropping' | 'ended';

export class Mount {
  readonly path: string;
  readonly sink: MultiSocketSink;
  readonly #grace: number;
  readonly #sourceTimeout: number;
  readonly #observer: MountObserver;
  #source: FdSource | undefined;
  #state: State = 'idle';
  #graceTimer: NodeJS.Timeout | undefined;
  #info: StreamInfo;
  #head: StreamHead;
  #title = '';
  #startedAt = Date.now();
  #peak = 0;

  constructor(path: string, info: StreamInfo, options: MountOptions, observer: MountObserver) {
    this.path = path;
    this.#grace = options.sourceGrace;
    this.#sourceTimeout = options.sourceTimeout ?? SOURCE_TIMEOUT;
    this.#observer = observer;
    this.#info = info;
    this.#head = new StreamHead(info);
    this.sink = new MultiSocketSink({
      syncMethod: 'burst-keyframe',
      burstMin: { ms: options.burst ?? BURST_MS },
      burstMax: { bytes: BURST_MOST },
      flushInterval: options.flushInterval,
      closeTimeout: CLOSE_TIMEOUT,
    });
    this.sink.on('client-removed', (removed) => observer.listenerRemoved(this, removed));
  }

  /** What the source says about its stream. */
  get info(): StreamInfo {
    return this.#info;
  }

  /** Listeners now. */
  get listeners(): number {
    return this.sink.size;
  }

  /** A source, or the program itself, feeds it now; while that is so, another source is refused. */
  get busy(): boolean {
    return this.#state !== 'idle' && this.#state !== 'ended';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  get status(): MountStatus {
    const { path, listeners } = this;
    const title = this.#title === '' ? undefined : this.#title;
    return { ...this.#info, path, title, listeners, listenerPeak: this.#peak, startedAt: this.#startedAt };
  }

  /** Says what is being played from now on; '' for nothing known. Listeners who asked for titles are told. */
  retitle(title: string): void {
    if (this.#state === 'ended' || title === this.#title) return;
    this.#title = title;
    this.sink.setStreamState({ title });
  }

  /**
   * Takes the socket of a source whose head has been read and answered. The mount must not be busy.
   * Listeners that an earlier source had stay and get the new one's bytes.
   */
  publish(socket: Socket, info: StreamInfo, options: AttachOptions): void {
    this.#begin('live', info);
    this.#observer.sourceConnected(this);
    try {
      this.#source ??= this.#newSource();
      this.#source.attach(socket, { contentType: info.contentType, ...options });
    } catch (error) {
      socket.destroy();
      this.#sourceGone(error as Error);
    }
  }

  /** Lets the program itself feed the sink by `push`. */
  publishProgram(info: StreamInfo): void {
    this.#begin('program', info);
    this.#observer.sourceConnected(this);
  }

  /** The head that a listener with this request gets, and all that HEAD gets. */
  headBytes({ minor, headers }: RequestHead): Buffer {
    return this.#head.bytes(minor, takesTitles(headers, this.#info));
  }

  /** Hands a listener's socket down; what was read of its request must be complete. */
  listen(socket: Socket, head: RequestHead, remoteAddress: string): void {
    const tag: Listener = { remoteAddress };
    const framing = takesTitles(head.headers, this.#info) ? 'icy' : 'raw';
    this.#added(this.sink.add(socket, { tag, framing, head: this.headBytes(head) }));
  }

  /** The same for a request that came through Node's http server. */
  listenResponse(response: ServerResponse, headers: Headers, remoteAddress: string): void {
    const titles = takesTitles(headers, this.#info);
    for (const [name, value] of streamHeaders(this.#info, titles)) response.setHeader(name, latin1(value));
    response.setHeader('Connection', 'close');
    const tag: Listener = { remoteAddress };
    this.#added(this.sink.add(response, titles ? { tag, framing: 'icy' } : { tag }));
  }

  /** Frees the path, gives the listeners the rest of the stream and closes. Resolves when all is closed; never rejects. */
  async end(): Promise<void> {
    if (this.#state === 'ended') return;
    const fed = this.busy;
    this.#state = 'ended';
    clearTimeout(this.#graceTimer);
    if (fed) this.#observer.sourceGone(this, undefined);
    this.#observer.mountEnded(this);
    await this.#source?.close();
    const late = new AbortController();
    await Promise.race([this.sink.end(), elapsed(END_TIMEOUT, late.signal)]);
    late.abort();
    await this.sink.close();
  }

  #begin(state: State, info: StreamInfo): void {
    if (this.#state !== 'idle') throw new Error(`${this.path} is ${this.#state}`);
    clearTimeout(this.#graceTimer);
    this.#state = state;
    this.#info = info;
    this.#head = new StreamHead(info);
    this.#startedAt = Date.now();
    // What the source before had played last says nothing about this one.
    this.retitle('');
  }

  #newSource(): FdSource {
    const source = new FdSource(this.sink, { timeout: this.#sourceTimeout, format: 'auto' });
    source.on('format', (description) => this.#recognised(description));
    source.on('warning', (warning) => this.#observer.sourceMisread(this, warning));
    source.on('end', () => this.#sourceGone(undefined));
    source.on('error', (error) => this.#sourceGone(error));
    source.on('timeout', () => void this.#drop(source));
    return source;
  }

  /** Listeners are told what the bytes are, not what the encoder called them: ffmpeg says audio/mpeg of everything. */
  #recognised(description: StreamDescription): void {
    if (this.#state !== 'live') return;
    const { contentType } = description;
    if (contentType !== '' && contentType !== this.#info.contentType) {
      this.#info = { ...this.#info, contentType };
      this.#head = new StreamHead(this.#info);
    }
    this.#observer.sourceRecognised(this, description);
  }

  /** Cuts a source that has fallen silent, so that it can come back on a new connection. */
  async #drop(source: FdSource): Promise<void> {
    if (this.#state !== 'live') return;
    this.#state = 'dropping';
    this.#source = undefined;
    await source.close();
    this.#sourceGone(new Error(`The source has sent nothing for ${this.#sourceTimeout} ms`));
  }

  #sourceGone(error: Error | undefined): void {
    if (this.#state !== 'live' && this.#state !== 'dropping') return;
    this.#state = 'idle';
    this.#graceTimer = setTimeout(() => void this.end(), this.#grace);
    this.#observer.sourceGone(this, error);
  }

  #added(client: Client): void {
    this.#peak = Math.max(this.#peak, this.sink.size);
    this.#observer.listenerAdded(this, client);
  }
}

function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
