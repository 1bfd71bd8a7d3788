/** Options of a sink, their ranges, and the flat form that the addon takes. */
import { UNITS } from '../binding.js';
import { type Amount, checkAmount, checkInteger, checkKeys, checkNumber, describe } from '../units.js';

export interface SinkOptions {
  /** Where a new client starts. latest: with the next frame. burst: `burstMin` back. Default latest. */
  syncMethod?: 'latest' | 'burst';
  /** How much a newcomer is sent at once with syncMethod burst, if there is as much. Default 64 KiB. */
  burstMin?: { bytes: number };
  /** How far a client may lag before it is removed as slow. Default 4 MiB. */
  hardLimit?: Amount;
  /** ms that a client may take nothing of what waits for it before it is removed as slow; 0: no limit. Default 30 s. */
  stallTimeout?: number;
  /** Bytes that the sink may hold on each loop, everything counted. Default 64 MiB. */
  memoryCap?: number;
  /** ms that frames are collected before caught-up clients are served; 0: each frame at once. Default 0. */
  flushInterval?: number;
  /** Bytes that may wait unsent in the kernel for one TCP client (TCP_NOTSENT_LOWAT). Default 16 KiB. */
  notSentLowat?: number;
  /** ms that the last bytes may take when the stream ends. Default 2000. */
  closeTimeout?: number;
}

/** What the producer knows of a frame. Timestamps in ns. */
export interface FrameInfo {
  pts?: bigint;
  dts?: bigint;
  duration?: bigint;
  /** A receiver can start here. Default true. */
  keyframe?: boolean;
}

export interface SinkStats {
  /** Clients now, those on their way included. */
  clients: number;
  clientsAdded: number;
  clientsRemoved: number;
  /** Media bytes pushed. */
  bytesToServe: number;
  /** Bytes written to all clients together. */
  bytesServed: number;
  /** Frames kept, on the loop that keeps most. */
  framesQueued: number;
  bytesQueued: number;
  /** What counts against memoryCap. */
  bytesHeld: number;
  /** Write calls made. */
  sends: number;
}

const KNOWN = [
  'syncMethod',
  'burstMin',
  'hardLimit',
  'stallTimeout',
  'memoryCap',
  'flushInterval',
  'notSentLowat',
  'closeTimeout',
] as const satisfies readonly (keyof SinkOptions)[];

const MIB = 1024 * 1024;
/** A day: longer times are mistakes of unit. */
const DAY_MS = 86_400_000;

/** Checks `options` and fills in the defaults. The order is that of native/addon/sink_doors.cc. */
export function flatOptions(options: SinkOptions, socketsOnly: boolean): Float64Array {
  checkKeys('sink options', options, KNOWN);
  const method = options.syncMethod ?? 'latest';
  if (method !== 'latest' && method !== 'burst') {
    throw new TypeError(`syncMethod must be "latest" or "burst", not ${describe(method)}`);
  }
  const burstMin = checkKeys('burstMin', options.burstMin ?? { bytes: 65_536 }, ['bytes']);
  const burst = checkInteger('burstMin.bytes', burstMin.bytes, 0);
  const [unit, limit] = checkAmount('hardLimit', options.hardLimit ?? { bytes: 4 * MIB });
  const memoryCap = checkInteger('memoryCap', options.memoryCap ?? 64 * MIB, 65_536);
  if (burst > memoryCap) {
    throw new RangeError(`burstMin.bytes (${burst}) must not be over memoryCap (${memoryCap})`);
  }
  const flushInterval = checkNumber('flushInterval', options.flushInterval ?? 0, 0, 60_000);
  if (options.hardLimit !== undefined && 'ms' in options.hardLimit && limit < 2 * flushInterval) {
    throw new RangeError(
      `hardLimit.ms (${limit}) must be at least twice flushInterval (${flushInterval}): healthy clients lag that much`,
    );
  }
  return Float64Array.of(
    method === 'latest' ? 0 : 1,
    burst,
    UNITS[unit],
    limit,
    checkNumber('stallTimeout', options.stallTimeout ?? 30_000, 0, DAY_MS),
    memoryCap,
    flushInterval,
    checkInteger('notSentLowat', options.notSentLowat ?? 16_384, 1, 2 ** 31 - 1),
    checkNumber('closeTimeout', options.closeTimeout ?? 2_000, 0, DAY_MS),
    socketsOnly ? 1 : 0,
  );
}
