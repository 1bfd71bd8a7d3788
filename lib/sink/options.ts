/** Options of a sink, their ranges, and the flat form that the addon takes. */
import { PACES, PAYLOADS } from '../binding.js';
import type { GdpEncoderOptions } from '../gdp/encoder.js';
import { NUMBERS, numberOption } from '../options.js';
import { checkBoolean, checkChoice, checkKeys, checkQuantity } from '../units.js';
import type { AddDefaults } from './add-options.js';
import type { Payload } from './client.js';
import { checkPace, type Pace } from './pace.js';
import {
  DEFAULT_RULES,
  flatLag,
  flatStart,
  LIMIT_KEYS,
  type LimitOptions,
  readRules,
  START_KEYS,
  type StartOptions,
} from './rules.js';
import { DEFAULT_SOCKET, flatSocket, readSocket, SOCKET_KEYS, type SocketOptions } from './socket-options.js';

export interface SinkOptions extends StartOptions, LimitOptions, SocketOptions {
  /**
   * live: the producer never waits, slow clients are dealt with. wait: while the slowest client is over its soft limit
   * `push` returns false and native sources stop reading; nothing is skipped, so `recoverPolicy` must be none, and
   * `softLimit` is 1 MiB by default (less where hardLimit or memoryCap are). Default live.
   */
  pace?: Pace;
  /**
   * When a new client's start is worked out: as it is added, so that what it is owed goes out at once, or by the next
   * push, as multifdsink does. Default add.
   */
  positionOn?: 'add' | 'push';
  /**
   * What is kept for newcomers at least, once there has been as much: the most of the three. What `syncMethod` needs is
   * kept anyway. Default: nothing more.
   */
  keep?: { frames?: number; bytes?: number; ms?: number };
  /** What clients are sent the frames as, unless add() says otherwise. Default raw. */
  payload?: Payload;
  /** The checksums of GDP packets, as gdppay's crc-header (default true) and crc-payload (default false). */
  gdp?: GdpEncoderOptions;
  /** Whether clients are given stream headers that change while they listen. Default true. */
  resendStreamHeader?: boolean;
  /** ms that a client may take nothing of what waits for it before it is removed as slow; 0: no limit. Default 30 s. */
  stallTimeout?: number;
  /**
   * ms for which a client may be sent not one byte before it leaves as timeout, whether or not something waits for it;
   * counted from its add, at least twice the flushInterval. 0, the default: for ever.
   */
  idleTimeout?: number;
  /** Bytes that the sink may hold on each loop, everything counted. Default 64 MiB. */
  memoryCap?: number;
  /** ms that frames are collected before caught-up clients are served; 0: each frame at once. Default 0. */
  flushInterval?: number;
  /**
   * What a client's FIN means. close: it gets what is pending and leaves as closed. keep: it has only nothing more to say
   * and goes on listening, until it resets the connection. Default close.
   */
  halfClose?: 'close' | 'keep';
  /** ms that the last bytes may take when the stream ends. Default 2000. */
  closeTimeout?: number;
}

const KNOWN = [
  'pace',
  ...START_KEYS,
  ...LIMIT_KEYS,
  'positionOn',
  'keep',
  'payload',
  'gdp',
  'resendStreamHeader',
  'stallTimeout',
  'idleTimeout',
  'memoryCap',
  'flushInterval',
  ...SOCKET_KEYS,
  'halfClose',
  'closeTimeout',
] as const satisfies readonly (keyof SinkOptions)[];

const NUMBER = NUMBERS.SinkOptions;

/** Options that have been checked: what JavaScript needs of them later, and the flat form for the addon. */
export interface CheckedOptions extends AddDefaults {
  flat: Float64Array;
}

/** Checks `options` and fills in the defaults. The order is that of native/addon/sink_doors.cc. */
export function checkOptions(options: SinkOptions, socketsOnly: boolean): CheckedOptions {
  checkKeys('sink options', options, KNOWN);
  const resendStreamHeader = checkBoolean('resendStreamHeader', options.resendStreamHeader ?? true);
  const bounds = {
    pace: checkPace(options.pace),
    flushInterval: numberOption(NUMBER.flushInterval, options.flushInterval),
    memoryCap: numberOption(NUMBER.memoryCap, options.memoryCap),
  };
  const payload = checkChoice('payload', options.payload ?? 'raw', PAYLOADS);
  const rules = readRules(options, DEFAULT_RULES, bounds);
  const socket = readSocket(options, DEFAULT_SOCKET);
  const flat = Float64Array.of(
    ...flatStart(rules),
    ...flatLag(rules, bounds),
    checkChoice('positionOn', options.positionOn ?? 'add', ['add', 'push']) === 'push' ? 1 : 0,
    ...flatKeep(options.keep ?? {}, bounds.memoryCap),
    numberOption(NUMBER.stallTimeout, options.stallTimeout),
    checkIdle(options.idleTimeout, bounds.flushInterval),
    bounds.memoryCap,
    bounds.flushInterval,
    numberOption(NUMBER.closeTimeout, options.closeTimeout),
    socketsOnly ? 1 : 0,
    checkChoice('halfClose', options.halfClose ?? 'close', ['close', 'keep']) === 'keep' ? 1 : 0,
    ...flatSocket(socket),
    PACES.indexOf(bounds.pace),
    ...flatChecksums(options.gdp ?? {}),
  );
  return { rules, bounds, resendStreamHeader, payload, socket, flat };
}

function flatChecksums(gdp: NonNullable<SinkOptions['gdp']>): number[] {
  const { headerCrc = true, payloadCrc = false } = checkKeys('gdp', gdp, ['headerCrc', 'payloadCrc']);
  return [checkBoolean('gdp.headerCrc', headerCrc), checkBoolean('gdp.payloadCrc', payloadCrc)].map(Number);
}

function checkIdle(value: number | undefined, flushInterval: number): number {
  const timeout = numberOption(NUMBER.idleTimeout, value);
  if (timeout === 0 || timeout >= 2 * flushInterval) return timeout;
  throw new RangeError(
    `idleTimeout (${timeout}) must be at least twice flushInterval (${flushInterval}): healthy clients wait that long`,
  );
}

function flatKeep(keep: NonNullable<SinkOptions['keep']>, memoryCap: number): number[] {
  const units = ['frames', 'bytes', 'ms'] as const;
  checkKeys('keep', keep, units);
  if (keep.bytes !== undefined && keep.bytes > memoryCap) {
    throw new RangeError(`keep.bytes (${keep.bytes}) must not be over memoryCap (${memoryCap})`);
  }
  return units.map((unit) => checkQuantity(`keep.${unit}`, unit, keep[unit] ?? 0));
}
