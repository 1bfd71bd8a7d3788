/** Options of add(): their ranges, and the flat form that the addon takes. */
import { ServerResponse } from 'node:http';
import { FRAMINGS } from '../binding.js';
import type { Handed, Target } from '../handoff/index.js';
import { checkBoolean, checkChoice, checkKeys, describe } from '../units.js';
import type { AddOptions } from './client.js';
import { flatRules, LIMIT_KEYS, type RuleBounds, type Rules, readRules, START_KEYS } from './rules.js';

const RULE_KEYS = [...START_KEYS, ...LIMIT_KEYS];
const KNOWN = [
  'tag',
  'head',
  'framing',
  'resendStreamHeader',
  ...RULE_KEYS,
] as const satisfies readonly (keyof AddOptions)[];

/** What add() inherits from the sink where its options are silent. */
export interface AddDefaults {
  rules: Rules;
  bounds: RuleBounds;
  resendStreamHeader: boolean;
}

/** Options of add() that have been checked. */
export interface CheckedAdd {
  readonly head: Uint8Array | undefined;
  /** Asked for; undefined: what the handoff finds. */
  readonly framing: number | undefined;
  /** What follows the framing in the flat form. */
  readonly flat: readonly number[];
}

/** Most clients ask for nothing of their own: they share one. */
const silent = new WeakMap<AddDefaults, CheckedAdd>();

export function checkAddOptions(options: AddOptions, target: Target, defaults: AddDefaults): CheckedAdd {
  checkKeys('add options', options, KNOWN);
  if (options.head !== undefined && !(options.head instanceof Uint8Array)) {
    throw new TypeError(`head must be a Uint8Array, not ${describe(options.head)}`);
  }
  if (options.framing !== undefined) checkChoice('framing', options.framing, FRAMINGS);
  if (options.framing !== undefined && target instanceof ServerResponse) {
    throw new TypeError('framing cannot be chosen for a response: its head says how the body is framed');
  }
  if (KNOWN.every((key) => key === 'tag' || options[key] === undefined)) {
    const shared = silent.get(defaults) ?? checked(options, defaults);
    silent.set(defaults, shared);
    return shared;
  }
  return checked(options, defaults);
}

// The order is that of native/addon/sink_doors.cc, client_options_from.
function checked(options: AddOptions, { rules, bounds, resendStreamHeader }: AddDefaults): CheckedAdd {
  const ruled = RULE_KEYS.some((key) => options[key] !== undefined);
  return {
    head: options.head,
    framing: options.framing === undefined ? undefined : FRAMINGS.indexOf(options.framing),
    flat: [
      checkBoolean('resendStreamHeader', options.resendStreamHeader ?? resendStreamHeader) ? 1 : 0,
      ...(ruled ? [1, ...flatRules(readRules(options, rules, bounds))] : [0]),
    ],
  };
}

/** For the addon: what was asked for, and what the handoff found. */
export function flatAdd(options: CheckedAdd, handed: Handed): Float64Array {
  return Float64Array.of(options.framing ?? FRAMINGS.indexOf(handed.framing), ...options.flat);
}
