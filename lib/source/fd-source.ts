/**
 * A native source: a descriptor that a loop thread reads, frame by frame, straight into a sink. JavaScript hears only
 * of the end, of errors and of silence.
 */
import { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { BODY_FRAMING, RECORD, STREAM_FORMATS } from '../binding.js';
import { type Extra, Hold, type RecordTarget, register, unregister } from '../environment.js';
import { errnoName, flumenError, fromNative } from '../errors.js';
import { GdpError } from '../gdp/error.js';
import { type Handed, handOff } from '../handoff/index.js';
import { native } from '../native.js';
import { NUMBERS, numberOption } from '../options.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { checkChoice, checkInteger, checkKeys, describe } from '../units.js';
import type { ContainerFormat, SourceWarning, StreamDescription } from './notes.js';

/**
 * raw: the bytes as they are, a frame for each read. gdp: frames and the stream's state come out of GDP. A container: it
 * is cut into frames with times and flags, and its headers become the stream's state. auto: whichever of these it is.
 */
export type StreamFormat = (typeof STREAM_FORMATS)[number];

export interface SourceOptions {
  /** ms without a byte after which `timeout` is emitted (again each time); reading goes on. Default 0: never. */
  timeout?: number;
  /**
   * What the bodies are. With `auto` each one is judged by its first bytes, and then by its content type; until that can
   * be, at most 8 KiB wait. Default raw.
   */
  format?: StreamFormat;
}

export interface AttachOptions {
  /** Bytes that had been read already: they go in front, framing included. */
  prelude?: Uint8Array;
  /** `chunked`: the body has HTTP/1.1 chunked coding, which is taken off natively. Default raw. */
  framing?: 'raw' | 'chunked';
  /** The source ends after so many bytes (Content-Length). */
  length?: number;
  /** Written to the descriptor after the clean end of a chunked body or one with a length, before it is closed. */
  epilogue?: Uint8Array;
  /** What the sender says that the body is: for what `format: 'auto'` cannot tell, and for multipart's boundary. */
  contentType?: string;
}

/** Operating trouble of a source. `offset`: bytes of this body, framing included, up to where it happened. */
export interface SourceError extends Error {
  /** "ECONNRESET"…; "EPROTO" when the framing is broken or the body ends too early. */
  code: string;
  errno: number;
  /** The operation, or with EPROTO what is wrong. */
  syscall: string;
  offset: number;
}

export interface SourceEvents {
  /** The body is complete; the descriptor is closed and another may be attached. */
  end: [];
  /**
   * Reading failed, or what came is no GDP that could be read on; the descriptor is closed and another may be attached.
   * What had come before it is in the sink.
   */
  error: [SourceError | GdpError];
  /** What the body is, as its first frame shows it, and again when that changes: of containers, and with auto. */
  format: [StreamDescription];
  /** An event was passed over, or bytes could not be read; the stream goes on. Of each body the first hundred are told. */
  warning: [SourceWarning];
  /** Nothing came for `timeout` ms. */
  timeout: [];
}

export { STREAM_FORMATS };

const BODY_MAX = Number.MAX_SAFE_INTEGER;

/** GStreamer: fdsrc, with a descriptor that may be swapped while it runs. */
export class FdSource extends EventEmitter<SourceEvents> implements RecordTarget {
  readonly #sink: MultiHandleSink;
  readonly #id: number;
  #attached = false;
  readonly #hold = new Hold();
  #closed: Promise<void> | undefined;
  #onClosed: () => void = () => {};
  #bytesRead = 0;
  /** Counts attaches: what is said of an earlier one comes too late. */
  #serial = 0;

  constructor(sink: MultiHandleSink, options: SourceOptions = {}) {
    super();
    checkKeys('source options', options, ['timeout', 'format']);
    const format = checkFormat(options.format);
    const timeout = numberOption(NUMBERS.SourceOptions.timeout, options.timeout);
    this.#sink = sink;
    this.#id = native.sourceOpen(sink.nativeId, timeout, STREAM_FORMATS.indexOf(format));
    register(this.#id, this);
  }

  /** Whether a descriptor is being read. */
  get attached(): boolean {
    return this.#attached;
  }

  /** Body bytes read over the life of this source; HTTP's framing is not counted, GDP's is. */
  get bytesRead(): number {
    return this.#closed ? this.#bytesRead : native.sourceBytesRead(this.#id);
  }

  /**
   * Starts reading a descriptor (duplicated; the caller keeps its own) or a connected socket, such as the output of a child
   * process (taken away from Node; what Node had read already comes first). A descriptor that is being read is closed and
   * replaced. Throws ERR_FLUMEN_BUSY when another source writes to the sink.
   */
  attach(target: Readable | number, options: AttachOptions = {}): void {
    if (this.#closed) throw flumenError('ERR_FLUMEN_CLOSED', 'attach: the source is closed');
    checkAttachOptions(options);
    this.#sink.claimWriter(this);
    try {
      handOff(target, {
        take: (handed) => this.#take(handed, options),
        vanished: (error) => this.#vanished(error),
      });
    } catch (error) {
      if (!this.#attached) this.#sink.releaseWriter(this);
      throw fromNative(error, typeof target === 'number' ? `attach: fd ${target}` : 'attach');
    }
    this.#setAttached(true);
  }

  #take(handed: Handed, options: AttachOptions): void {
    if (this.#closed) throw flumenError('ERR_FLUMEN_CLOSED', 'attach: the source is closed');
    const framing =
      options.framing === 'chunked' ? 'chunked' : options.length === undefined ? 'raw' : 'length';
    const prelude =
      options.prelude && handed.prelude
        ? Buffer.concat([options.prelude, handed.prelude])
        : (options.prelude ?? handed.prelude);
    const { length = 0, epilogue } = options;
    const type = options.contentType === undefined ? undefined : Buffer.from(options.contentType);
    this.#serial += 1;
    native.sourceAttach(
      this.#id,
      handed.fd,
      BODY_FRAMING[framing],
      length,
      prelude,
      epilogue,
      this.#serial,
      type,
    );
  }

  #vanished(cause: Error | undefined): void {
    if (this.#closed) return;
    this.#setAttached(false);
    this.emit('error', sourceError(cause as Partial<SourceError> | undefined));
  }

  /** Stops reading and closes the descriptor. No event follows. */
  close(): Promise<void> {
    if (this.#closed) return this.#closed;
    this.#bytesRead = this.bytesRead;
    this.#closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    // Who awaits this must hear of it, whatever else keeps the process.
    this.#hold.set(true, true);
    if (native.sourceClose(this.#id)) this.#finishClose();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A source that reads keeps the process running (the default). */
  ref(): this {
    this.#hold.want(true);
    return this;
  }

  /** Lets the process exit although the source reads. */
  unref(): this {
    this.#hold.want(false);
    return this;
  }

  /** Called by the environment. @internal */
  claim(): undefined {
    return undefined;
  }

  /** Called by the environment. @internal */
  onRecord(records: Float64Array, offset: number, extra: Extra | undefined): void {
    const kind = records[offset];
    if (kind === RECORD.sourceClosed) {
      this.#finishClose();
      return;
    }
    if (this.#closed || records[offset + 5] !== this.#serial) return;
    if (kind === RECORD.sourceTimeout) {
      this.emit('timeout');
    } else if (kind === RECORD.sourceEnded) {
      this.#setAttached(false);
      this.emit('end');
    } else if (kind === RECORD.sourceFailed) {
      this.#setAttached(false);
      const [, , at = 0, , errno = 0] = records.subarray(offset, offset + RECORD.fields);
      this.emit(
        'error',
        sourceError({ errno, offset: at, ...(typeof extra === 'string' && { syscall: extra }) }),
      );
    } else if (kind === RECORD.sourceBroken) {
      this.#setAttached(false);
      const { at, packet, word, rest } = toldOf(records, offset, extra);
      this.emit('error', new GdpError(word, rest, at, packet));
    } else if (kind === RECORD.sourceSkipped) {
      const { at, packet, word, rest } = toldOf(records, offset, extra);
      this.emit('warning', { at, packet, event: word, reason: rest });
    } else if (kind === RECORD.sourceMisread) {
      const { at, packet, word, rest } = toldOf(records, offset, extra);
      this.emit('warning', { at, frame: packet, format: word as ContainerFormat, reason: rest });
    } else if (kind === RECORD.sourceFormat) {
      const { word, rest } = toldOf(records, offset, extra);
      const [contentType = '', caps = ''] = rest.split('\n', 2);
      this.emit('format', { format: word as StreamDescription['format'], contentType, caps });
    }
  }

  #finishClose(): void {
    unregister(this.#id);
    this.#setAttached(false);
    this.#onClosed();
  }

  #setAttached(attached: boolean): void {
    this.#attached = attached;
    if (!attached) this.#sink.releaseWriter(this);
    this.#hold.set(attached);
  }
}

export function checkFormat(format: unknown): StreamFormat {
  return checkChoice('format', format ?? 'raw', STREAM_FORMATS);
}

/** A record about a packet: its place, a word, and what is to be said. */
function toldOf(records: Float64Array, offset: number, extra: Extra | undefined) {
  const [, , at = 0, packet = 0] = records.subarray(offset, offset + 4);
  const text = typeof extra === 'string' ? extra : '';
  const [word = ''] = text.split(' ', 1);
  return { at, packet, word, rest: text.slice(word.length + 1) };
}

function sourceError(cause: Partial<SourceError> = {}): SourceError {
  const errno = Math.abs(cause.errno ?? 104);
  const code = errnoName(errno);
  const { syscall = 'read', offset = 0 } = cause;
  const message =
    code === 'EPROTO'
      ? `source: ${syscall} (at byte ${offset} of the body)`
      : `source: ${code} in ${syscall}`;
  return Object.assign(new Error(message), { code, errno, syscall, offset });
}

function checkAttachOptions(options: AttachOptions): void {
  checkKeys('attach options', options, ['prelude', 'framing', 'length', 'epilogue', 'contentType']);
  const { framing, length, contentType } = options;
  if (contentType !== undefined && typeof contentType !== 'string') {
    throw new TypeError(`contentType must be a string, not ${describe(contentType)}`);
  }
  if (framing !== undefined && framing !== 'raw' && framing !== 'chunked') {
    throw new TypeError(`framing must be "raw" or "chunked", not ${describe(framing)}`);
  }
  if (length !== undefined) checkInteger('length', length, 0, BODY_MAX);
  if (length !== undefined && framing === 'chunked') {
    throw new RangeError('length and framing "chunked" exclude each other (RFC 9112 §6.3)');
  }
  for (const name of ['prelude', 'epilogue'] as const) {
    const bytes = options[name];
    if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
      throw new TypeError(`${name} must be a Uint8Array, not ${describe(bytes)}`);
    }
  }
}
