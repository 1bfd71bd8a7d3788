/** Options of a sink, their ranges, and the flat form that the addon takes. */
import { checkBoolean, checkChoice, checkInteger, checkKeys, checkNumber, checkQuantity } from '../units.js';
import type { AddDefaults } from './add-options.js';
import {
  DEFAULT_RULES,
  flatRules,
  LIMIT_KEYS,
  type LimitOptions,
  readRules,
  START_KEYS,
  type StartOptions,
} from './rules.js';

export interface SinkOptions extends StartOptions, LimitOptions {
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
  /** Whether clients are given stream headers that change while they listen. Default true. */
  resendStreamHeader?: boolean;
  /** ms that a client may take nothing of what waits for it before it is removed as slow; 0: no limit. Default 30 s. */
  stallTimeout?: number;
  /** Bytes that the sink may hold on each loop, everything counted. Default 64 MiB. */
  memoryCap?: number;
  /** ms that frames are collected before caught-up clients are served; 0: each frame at once. Default 0. */
  flushInterval?: number;
  /** Bytes that may wait unsent in the kernel for one TCP client (TCP_NOTSENT_LOWAT). Default 16 KiB. */
  notSentLowat?: number;
  /** TCP_NODELAY: what is to go out goes out at once. Default true. */
  noDelay?: boolean;
  /** SO_SNDBUF in bytes (the kernel doubles it). Default: the kernel's. */
  sendBuffer?: number;
  /** Differentiated services code point of the packets, 0 to 63 (RFC 2474). Default: untouched. */
  dscp?: number;
  /** ms without traffic after which the kernel probes whether the peer is still there, whole seconds. Default: never. */
  keepAlive?: number;
  /** ms for which sent bytes may stay unacknowledged before the connection ends (TCP_USER_TIMEOUT). Default: the kernel's. */
  userTimeout?: number;
  /**
   * What a client's FIN means. close: it gets what is pending and leaves as closed. keep: it has only nothing more to say
   * and goes on listening, until it resets the connection. Default close.
   */
  halfClose?: 'close' | 'keep';
  /** ms that the last bytes may take when the stream ends. Default 2000. */
  closeTimeout?: number;
}

const KNOWN = [
  ...START_KEYS,
  ...LIMIT_KEYS,
  'positionOn',
  'keep',
  'resendStreamHeader',
  'stallTimeout',
  'memoryCap',
  'flushInterval',
  'notSentLowat',
  'noDelay',
  'sendBuffer',
  'dscp',
  'keepAlive',
  'userTimeout',
  'halfClose',
  'closeTimeout',
] as const satisfies readonly (keyof SinkOptions)[];

const MIB = 1024 * 1024;
/** A day: longer times are mistakes of unit. */
const DAY_MS = 86_400_000;

/** Options that have been checked: what JavaScript needs of them later, and the flat form for the addon. */
export interface CheckedOptions extends AddDefaults {
  flat: Float64Array;
}

/** Checks `options` and fills in the defaults. The order is that of native/addon/sink_doors.cc. */
export function checkOptions(options: SinkOptions, socketsOnly: boolean): CheckedOptions {
  checkKeys('sink options', options, KNOWN);
  const resendStreamHeader = checkBoolean('resendStreamHeader', options.resendStreamHeader ?? true);
  const bounds = {
    flushInterval: checkNumber('flushInterval', options.flushInterval ?? 0, 0, 60_000),
    memoryCap: checkInteger('memoryCap', options.memoryCap ?? 64 * MIB, 65_536),
  };
  const rules = readRules(options, DEFAULT_RULES, bounds);
  const flat = Float64Array.of(
    ...flatRules(rules),
    checkChoice('positionOn', options.positionOn ?? 'add', ['add', 'push']) === 'push' ? 1 : 0,
    ...flatKeep(options.keep ?? {}, bounds.memoryCap),
    checkNumber('stallTimeout', options.stallTimeout ?? 30_000, 0, DAY_MS),
    bounds.memoryCap,
    bounds.flushInterval,
    checkInteger('notSentLowat', options.notSentLowat ?? 16_384, 1, 2 ** 31 - 1),
    checkNumber('closeTimeout', options.closeTimeout ?? 2_000, 0, DAY_MS),
    socketsOnly ? 1 : 0,
    ...flatSocket(options),
  );
  return { rules, bounds, resendStreamHeader, flat };
}

function flatSocket(options: SinkOptions): number[] {
  return [
    checkChoice('halfClose', options.halfClose ?? 'close', ['close', 'keep']) === 'keep' ? 1 : 0,
    checkBoolean('noDelay', options.noDelay ?? true) ? 1 : 0,
    checkInteger('sendBuffer', options.sendBuffer ?? 0, 0, 2 ** 30),
    checkInteger('dscp', options.dscp ?? -1, -1, 63),
    checkNumber('keepAlive', options.keepAlive ?? 0, 0, DAY_MS),
    checkNumber('userTimeout', options.userTimeout ?? 0, 0, DAY_MS),
  ];
}

function flatKeep(keep: NonNullable<SinkOptions['keep']>, memoryCap: number): number[] {
  const units = ['frames', 'bytes', 'ms'] as const;
  checkKeys('keep', keep, units);
  if (keep.bytes !== undefined && keep.bytes > memoryCap) {
    throw new RangeError(`keep.bytes (${keep.bytes}) must not be over memoryCap (${memoryCap})`);
  }
  return units.map((unit) => checkQuantity(`keep.${unit}`, unit, keep[unit] ?? 0));
}
