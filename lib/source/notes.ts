/** What a source tells of the stream that it reads, while it goes on. */
import type { CONTAINERS } from '../binding.js';

/** An event of a GDP stream that was passed over: nobody knows it, it cannot be read, or something in it is missing. */
export interface SkippedEvent {
  /** Bytes of this stream before its packet. */
  at: number;
  /** Packets before it. */
  packet: number;
  /** "toc", "gap"…, or "unknown". */
  event: string;
  reason: string;
}

/** The containers whose streams are cut into frames. */
export type ContainerFormat = (typeof CONTAINERS)[number];

/** Bytes that do not belong to what the stream is. They are passed on, and nobody starts with them. */
export interface MisreadBytes {
  /** Bytes of this stream before them. */
  at: number;
  /** Frames before them. */
  frame: number;
  format: ContainerFormat;
  reason: string;
}

export type SourceWarning = SkippedEvent | MisreadBytes;

/** What a stream has turned out to be. */
export interface StreamDescription {
  /** generic: bytes of which nothing is known. */
  format: ContainerFormat | 'generic';
  /** Its media type, "" for generic. */
  contentType: string;
  /** Its caps as GStreamer writes them, "" for generic. */
  caps: string;
}
