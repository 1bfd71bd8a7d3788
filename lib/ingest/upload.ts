/** What an upload's head says: how its body is framed, how it wants to be answered, what it tells about the stream. */

import { type Head, type Headers, RequestError } from '../http/head.js';

export interface UploadPlan {
  /** How the body is framed; `length` is there when Content-Length was. */
  readonly framing: 'raw' | 'chunked';
  readonly length: number | undefined;
  /** Sent as soon as the upload is accepted: the go-ahead. */
  readonly goAhead: string;
  /** Sent after the whole body came, where it has an end and no final answer went out before. */
  readonly epilogue: string | undefined;
}

const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/**
 * Encoders differ in what they wait for: ffmpeg, curl and libshout send `Expect: 100-continue` and want just that;
 * liquidsoap sends no Expect and wants a final 200 before it sends a byte; SOURCE clients want `HTTP/1.0 200 OK`.
 * @throws RequestError 400, 417 or 501
 */
export function planUpload(head: Head): UploadPlan {
  const { framing, length } = bodyFraming(head);
  const expect = head.headers.expect;
  if (expect !== undefined && head.minor === 1) {
    if (expect.toLowerCase() !== '100-continue') {
      throw new RequestError(417, `Expect: ${expect} cannot be met, only 100-continue can`);
    }
    const ends = framing === 'chunked' || length !== undefined;
    return { framing, length, goAhead: 'HTTP/1.1 100 Continue\r\n\r\n', epilogue: ends ? FINAL : undefined };
  }
  return { framing, length, goAhead: `HTTP/1.${head.minor} 200 OK\r\n\r\n`, epilogue: undefined };
}

function bodyFraming(head: Head): { framing: 'raw' | 'chunked'; length: number | undefined } {
  const coding = head.headers['transfer-encoding'];
  const size = head.headers['content-length'];
  if (coding !== undefined && size !== undefined) {
    throw new RequestError(400, 'Content-Length and Transfer-Encoding must not be sent together');
  }
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') {
      throw new RequestError(501, `Transfer-Encoding: ${coding} is not supported, only chunked is`);
    }
    if (head.minor === 0) throw new RequestError(400, 'Transfer-Encoding needs HTTP/1.1');
    return { framing: 'chunked', length: undefined };
  }
  if (size === undefined) return { framing: 'raw', length: undefined };
  if (!/^\d{1,15}$/.test(size)) {
    throw new RequestError(400, `Content-Length: ${size} is not a number of bytes`);
  }
  return { framing: 'raw', length: Number(size) };
}

/** What an encoder says about its stream, from ice-* and icy-* headers. Absent = not said. */
export interface StreamInfo {
  readonly contentType: string;
  readonly name?: string;
  readonly genre?: string;
  readonly url?: string;
  readonly description?: string;
  readonly public?: boolean;
  /** kbit/s */
  readonly bitrate?: number;
  /** Parameters of ice-audio-info, e.g. `{ samplerate: 44100, channels: 2 }`; numbers where they are numbers. */
  readonly audio?: Readonly<Record<string, string | number>>;
  /** ice-audio-info as sent. */
  readonly audioInfo?: string;
  readonly userAgent?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  ogg: 'application/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  ogv: 'video/ogg',
  webm: 'video/webm',
  flv: 'video/x-flv',
  ts: 'video/mp2t',
  flac: 'audio/flac',
  mkv: 'video/x-matroska',
  mp4: 'video/mp4',
  m4a: 'audio/mp4',
  wav: 'audio/wav',
  asf: 'video/x-ms-asf',
  wmv: 'video/x-ms-wmv',
  mjpeg: 'multipart/x-mixed-replace',
  h264: 'video/h264',
  h265: 'video/h265',
};

/** Collects what the head says; a missing Content-Type follows from the mount's suffix. */
export function streamInfo(headers: Headers, path: string): StreamInfo {
  const audioInfo = textOf(headers['ice-audio-info']);
  const audio = audioInfo === undefined ? undefined : audioParameters(audioInfo);
  const bitrate = number(headers['icy-br'] ?? headers['ice-bitrate']) ?? number(String(audio?.bitrate ?? ''));
  const pub = headers['ice-public'] ?? headers['icy-pub'];
  const suffix = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  return pick({
    contentType: textOf(headers['content-type']) ?? TYPES[suffix] ?? 'application/octet-stream',
    name: textOf(headers['ice-name'] ?? headers['icy-name']),
    genre: textOf(headers['ice-genre'] ?? headers['icy-genre']),
    url: textOf(headers['ice-url'] ?? headers['icy-url']),
    description: textOf(headers['ice-description'] ?? headers['icy-description']),
    public: pub === undefined ? undefined : pub === '1' || pub.toLowerCase() === 'true',
    bitrate,
    audio,
    audioInfo,
    userAgent: textOf(headers['user-agent']),
  });
}

/** libshout writes `bitrate=128;quality=3%2e0`, butt `ice-bitrate=128;ice-channels=2`: both come out the same. */
function audioParameters(info: string): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const part of info.split(';')) {
    const [key = '', value = ''] = part.split('=', 2);
    const name = key.trim().toLowerCase().replace(/^ice-/, '');
    if (!/^[a-z][a-z0-9_-]{0,31}$/.test(name)) continue;
    const plain = value
      .trim()
      .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    found[name] = number(plain) ?? plain;
  }
  return found;
}

function number(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Encoders send UTF-8 or Latin-1 and do not say which. Copied, so that the head it came in can go. */
export function textOf(latin1: string | undefined): string | undefined {
  if (latin1 === undefined || latin1 === '') return undefined;
  const bytes = Buffer.from(latin1, 'latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

/** Leaves out what is undefined, as exact optional properties ask. */
function pick<T extends object>(from: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as T;
}
