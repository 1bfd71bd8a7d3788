/** Options of add(): their ranges, and the flat form that the addon takes. */
import { fstatSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { FRAMINGS, PAYLOADS } from '../binding.js';
import { type Handed, ICY_INTERVAL, type Target } from '../handoff/index.js';
import { numberOption } from '../options.js';
import { checkBoolean, checkChoice, checkKeys, describe } from '../units.js';
import type { AddOptions, Payload } from './client.js';
import { checkDeadline } from './deadlines.js';
import {
  flatLag,
  flatStart,
  LIMIT_KEYS,
  type RuleBounds,
  type Rules,
  readRules,
  START_KEYS,
} from './rules.js';
import { flatSocket, readSocket, SOCKET_KEYS, type SocketCare } from './socket-options.js';

const KNOWN = [
  'tag',
  'head',
  'framing',
  'payload',
  'icyInterval',
  'resendStreamHeader',
  'deadline',
  'signal',
  'onData',
  ...START_KEYS,
  ...LIMIT_KEYS,
  ...SOCKET_KEYS,
] as const satisfies readonly (keyof AddOptions)[];

/** What add() inherits from the sink where its options are silent. */
export interface AddDefaults {
  rules: Rules;
  bounds: RuleBounds;
  resendStreamHeader: boolean;
  payload: Payload;
  socket: SocketCare;
}

/** Options of add() that have been checked. */
export interface CheckedAdd {
  readonly head: Uint8Array | undefined;
  /** The head is the beginning of a body that has a head of its own. */
  readonly inBody: boolean;
  /** Asked for; undefined: what the handoff finds. */
  readonly framing: number | undefined;
  /** ms since the epoch; Infinity: none. */
  readonly deadline: number;
  /** Asked for; undefined: what the response's head says, else the default. */
  readonly icyInterval: number | undefined;
  /** What follows the framing in the flat form. */
  readonly flat: readonly number[];
}

const MAX_HEAD = 0x7fffffff;

/** Most clients ask for nothing of their own: they share one. */
const silent = new WeakMap<AddDefaults, CheckedAdd>();

export function checkAddOptions(options: AddOptions, target: Target, defaults: AddDefaults): CheckedAdd {
  checkKeys('add options', options, KNOWN);
  if (options.head !== undefined && !(options.head instanceof Uint8Array)) {
    throw new TypeError(`head must be a Uint8Array, not ${describe(options.head)}`);
  }
  if (options.head !== undefined && options.head.length > MAX_HEAD) {
    throw new RangeError(`head of ${options.head.length} bytes is over 2 GiB`);
  }
  if (options.framing !== undefined) checkChoice('framing', options.framing, FRAMINGS);
  const response = target instanceof ServerResponse;
  if (response && options.framing !== undefined && options.framing !== 'icy') {
    throw new TypeError(
      'framing cannot be chosen for a response, except icy: its head says how the body is framed',
    );
  }
  const payload = checkChoice('payload', options.payload ?? defaults.payload, PAYLOADS);
  if (payload === 'gdp' && options.framing === 'icy') {
    throw new RangeError('payload gdp cannot have framing icy: the blocks would break its packets');
  }
  if (options.icyInterval !== undefined) {
    if (options.framing !== 'icy') throw new TypeError('icyInterval is for framing icy only');
    numberOption(ICY_INTERVAL, options.icyInterval);
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, not ${describe(options.signal)}`);
  }
  if (options.onData !== undefined) checkOnData(options.onData, target);
  if (KNOWN.every((key) => key === 'tag' || options[key] === undefined)) {
    const shared = silent.get(defaults) ?? checked(options, response, defaults);
    silent.set(defaults, shared);
    return shared;
  }
  return checked(options, response, defaults);
}

// The order is that of native/addon/sink_doors.cc, client_options_from.
function checked(options: AddOptions, inBody: boolean, defaults: AddDefaults): CheckedAdd {
  const asked = (keys: readonly (keyof AddOptions)[]): boolean =>
    keys.some((key) => options[key] !== undefined);
  const rules = readRules(options, defaults.rules, defaults.bounds);
  const resend = checkBoolean(
    'resendStreamHeader',
    options.resendStreamHeader ?? defaults.resendStreamHeader,
  );
  return {
    head: options.head,
    inBody,
    icyInterval: options.icyInterval,
    framing: options.framing === undefined ? undefined : FRAMINGS.indexOf(options.framing),
    deadline: checkDeadline(options.deadline),
    flat: [
      PAYLOADS.indexOf(options.payload ?? defaults.payload),
      resend ? 1 : 0,
      options.onData === undefined ? 0 : 1,
      ...(asked(START_KEYS) ? [1, ...flatStart(rules)] : [0]),
      ...(asked(LIMIT_KEYS) ? [1, ...flatLag(rules, defaults.bounds)] : [0]),
      ...(asked(SOCKET_KEYS) ? [1, ...flatSocket(readSocket(options, defaults.socket))] : [0]),
    ],
  };
}

function checkOnData(onData: unknown, target: Target): void {
  if (typeof onData !== 'function') throw new TypeError(`onData must be a function, not ${describe(onData)}`);
  if (typeof target === 'number' && !maybeSocket(target)) {
    throw new TypeError(`onData: fd ${target} is no socket; what is written to cannot be read from`);
  }
}

/** What is no descriptor at all is refused by the handoff. */
function maybeSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return true;
  }
}

/** For the addon: what was asked for, and what the handoff found. */
export function flatAdd(options: CheckedAdd, handed: Handed): Float64Array {
  const framing = options.framing ?? FRAMINGS.indexOf(handed.framing);
  const interval = handed.icyInterval ?? options.icyInterval ?? ICY_INTERVAL.usual;
  const lead = options.inBody ? (options.head?.length ?? 0) : 0;
  return Float64Array.of(framing, framing === ICY ? interval : 0, lead, ...options.flat);
}

const ICY = FRAMINGS.indexOf('icy');
