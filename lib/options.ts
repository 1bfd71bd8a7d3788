/**
 * Every number that can be chosen: what it is when nobody does, its range and its unit. The checks read it, and so does
 * scripts/make-limits-table.mjs, which writes the table in docs/tuning.md.
 */
import { checkInteger, checkNumber, DAY_MS } from './units.js';

export interface NumberOption {
  readonly name: string;
  readonly unit: 'ms' | 'bytes' | 'threads' | 'peers' | 'code point';
  /** Where that is no number to show (a kernel's default, "off"), `usually` has words for it. */
  readonly usual: number;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  readonly usually?: string;
}

type Words = Pick<NumberOption, 'usually'>;

/** Times need not be whole. */
function time(
  name: string,
  usual: number,
  min: number,
  max: number = DAY_MS,
  words: Words = {},
): NumberOption {
  return { name, unit: 'ms', usual, min, max, whole: false, ...words };
}

function whole(
  name: string,
  unit: NumberOption['unit'],
  [usual, min, max = Number.MAX_SAFE_INTEGER]: [usual: number, min: number, max?: number],
  words: Words = {},
): NumberOption {
  return { name, unit, usual, min, max, whole: true, ...words };
}

/** The longest time that Node's timers keep. */
const TIMER_MS = 0x7fffffff;
/** The largest length that fits GDP's wire. */
const WIRE = 2 ** 32 - 1;
const KIB = 1024;
const MIB = 1024 * KIB;
const KERNEL: Words = { usually: "the kernel's" };
const OFF: Words = { usually: 'off' };

/** By the interface that the options belong to. */
export const NUMBERS = {
  SinkOptions: {
    stallTimeout: time('stallTimeout', 30_000, 0),
    idleTimeout: time('idleTimeout', 0, 0, DAY_MS, OFF),
    memoryCap: whole('memoryCap', 'bytes', [64 * MIB, 64 * KIB]),
    flushInterval: time('flushInterval', 0, 0, 60_000),
    closeTimeout: time('closeTimeout', 2_000, 0),
  },
  SocketOptions: {
    notSentLowat: whole('notSentLowat', 'bytes', [16 * KIB, 1, 2 ** 31 - 1]),
    sendBuffer: whole('sendBuffer', 'bytes', [0, 0, 2 ** 30], KERNEL),
    dscp: whole('dscp', 'code point', [-1, -1, 63], { usually: 'untouched' }),
    keepAlive: time('keepAlive', 0, 0, DAY_MS, OFF),
    userTimeout: time('userTimeout', 0, 0, DAY_MS, KERNEL),
  },
  AddOptions: {
    icyInterval: whole('icyInterval', 'bytes', [16_000, 256, MIB]),
  },
  EnvironmentOptions: {
    loops: whole('loops', 'threads', [0, 1, 64], { usually: 'cores − 1, from 1 to 64' }),
    memoryCap: whole('memoryCap', 'bytes', [0, MIB], {
      usually: 'a quarter of the memory, at least 256 MiB',
    }),
  },
  SourceOptions: {
    timeout: time('timeout', 0, 0, DAY_MS, OFF),
  },
  ReconnectOptions: {
    initial: time('reconnect.initial', 500, 1),
    max: time('reconnect.max', 30_000, 1),
  },
  TcpServerSinkOptions: {
    backlog: whole('backlog', 'peers', [4096, 1, 65_535]),
  },
  TcpServerSourceOptions: {
    backlog: whole('backlog', 'peers', [5, 0, 65_535]),
  },
  ServerOptions: {
    sourceGrace: time('sourceGrace', 10_000, 0, TIMER_MS),
    flushInterval: time('flushInterval', 200, 0, 60_000),
    burst: time('burst', 5_000, 0, TIMER_MS),
    headTimeout: time('headTimeout', 10_000, 0, TIMER_MS),
  },
  GdpParserOptions: {
    maxFrame: whole('options.maxFrame', 'bytes', [16 * MIB, 1, WIRE]),
    maxCaps: whole('options.maxCaps', 'bytes', [4 * MIB, 1, WIRE]),
    maxEvent: whole('options.maxEvent', 'bytes', [MIB, 1, WIRE]),
  },
} as const satisfies Record<string, Record<string, NumberOption>>;

/** `value`, or the usual one when there is none; a TypeError or RangeError that names the option when it cannot be. */
export function numberOption(option: NumberOption, value: unknown): number {
  const { name, min, max } = option;
  return (option.whole ? checkInteger : checkNumber)(name, value ?? option.usual, min, max);
}
