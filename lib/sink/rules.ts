/**
 * Where a client starts and how far it may lag: the options that a sink and each of its clients share, their ranges, and
 * the flat form that the addon takes. What they mean is in docs/semantics.md.
 */
import { RECOVER_POLICIES, SYNC_METHODS, UNITS } from '../binding.js';
import { type Amount, type CheckedAmount, checkAmount, checkChoice } from '../units.js';
import type { Pace } from './pace.js';

export type SyncMethod = (typeof SYNC_METHODS)[number];
export type RecoverPolicy = (typeof RECOVER_POLICIES)[number];

export interface StartOptions {
  /**
   * Where a new client starts. latest: with the next frame. next-keyframe: with the next key frame. latest-keyframe:
   * with the newest key frame there is. burst: `burstMin` back. burst-keyframe: with a key frame at least `burstMin`
   * back, or else the first one after that point. burst-with-keyframe: the same, or else as burst. Default latest.
   */
  syncMethod?: SyncMethod;
  /**
   * How much a newcomer is sent at once with a burst method, if there is as much. Default 64 KiB (or `burstMax` where
   * that is less).
   */
  burstMin?: Amount;
  /** … and how much at most. Not under `burstMin` in the same unit. Default: no maximum. */
  burstMax?: Amount;
}

export interface LimitOptions {
  /**
   * How far a client may lag before `recoverPolicy` moves it, or with pace `wait` the producer waits for it. Not over
   * `hardLimit` in the same unit. Default: none; with pace `wait` 1 MiB.
   */
  softLimit?: Amount;
  /** How far a client may lag before it is removed as slow. Default 4 MiB. */
  hardLimit?: Amount;
  /**
   * Where a client goes that lags more than `softLimit`. none: nowhere. latest: to the newest frame. soft-limit: to the
   * oldest frame within the limit. keyframe: to the newest key frame, or it waits for one. Default none.
   */
  recoverPolicy?: RecoverPolicy;
}

export const START_KEYS = ['syncMethod', 'burstMin', 'burstMax'] as const satisfies (keyof StartOptions)[];
export const LIMIT_KEYS = [
  'softLimit',
  'hardLimit',
  'recoverPolicy',
] as const satisfies (keyof LimitOptions)[];

/** StartOptions and LimitOptions, checked; what is undefined has not been asked for. */
export interface Rules {
  readonly syncMethod: SyncMethod;
  readonly burstMin: CheckedAmount | undefined;
  readonly burstMax: CheckedAmount | undefined;
  readonly softLimit: CheckedAmount | undefined;
  readonly hardLimit: CheckedAmount;
  readonly recoverPolicy: RecoverPolicy;
}

/** Properties of the sink that rules must fit. */
export interface RuleBounds {
  pace: Pace;
  /** ms */
  flushInterval: number;
  /** bytes */
  memoryCap: number;
}

const BURST_BYTES = 65_536;
const WAIT_BYTES = 1_048_576;

export const DEFAULT_RULES: Rules = {
  syncMethod: 'latest',
  burstMin: undefined,
  burstMax: undefined,
  softLimit: undefined,
  hardLimit: ['bytes', 4 * 1024 * 1024],
  recoverPolicy: 'none',
};

/** `base` with what `options` ask for in its place. Throws a TypeError or RangeError that names the option. */
export function readRules(options: StartOptions & LimitOptions, base: Rules, bounds: RuleBounds): Rules {
  const rules: Rules = {
    syncMethod: checkChoice('syncMethod', options.syncMethod ?? base.syncMethod, SYNC_METHODS),
    burstMin: amount('burstMin', options.burstMin) ?? base.burstMin,
    burstMax: amount('burstMax', options.burstMax) ?? base.burstMax,
    softLimit: amount('softLimit', options.softLimit) ?? base.softLimit,
    hardLimit: amount('hardLimit', options.hardLimit) ?? base.hardLimit,
    recoverPolicy: checkChoice(
      'recoverPolicy',
      options.recoverPolicy ?? base.recoverPolicy,
      RECOVER_POLICIES,
    ),
  };
  checkOrder('burstMin', rules.burstMin, 'burstMax', rules.burstMax);
  checkOrder('softLimit', rules.softLimit, 'hardLimit', rules.hardLimit);
  checkInterval('softLimit', rules.softLimit, bounds.flushInterval);
  checkInterval('hardLimit', rules.hardLimit, bounds.flushInterval);
  if (bounds.pace === 'wait') checkWait(rules, bounds);
  const [unit, least] = burstMinOf(rules);
  if (unit === 'bytes' && least > bounds.memoryCap) {
    throw new RangeError(`burstMin.bytes (${least}) must not be over memoryCap (${bounds.memoryCap})`);
  }
  return rules;
}

/** [sync method, burst min (unit, value), burst max (unit, value)]: see native/addon/sink_doors.cc. */
export function flatStart(rules: Rules): number[] {
  return [
    SYNC_METHODS.indexOf(rules.syncMethod),
    ...flatAmount(burstMinOf(rules)),
    ...flatAmount(rules.burstMax),
  ];
}

/** [soft limit (unit, value), hard limit (unit, value), recover policy] */
export function flatLag(rules: Rules, bounds: RuleBounds): number[] {
  return [
    ...flatAmount(softLimitOf(rules, bounds)),
    ...flatAmount(rules.hardLimit),
    RECOVER_POLICIES.indexOf(rules.recoverPolicy),
  ];
}

function amount(name: string, value: Amount | undefined): CheckedAmount | undefined {
  return value === undefined ? undefined : checkAmount(name, value);
}

// A default must not contradict what was asked for.
function burstMinOf({ burstMin, burstMax }: Rules): CheckedAmount {
  if (burstMin !== undefined) return burstMin;
  return ['bytes', burstMax?.[0] === 'bytes' ? Math.min(burstMax[1], BURST_BYTES) : BURST_BYTES];
}

function softLimitOf({ softLimit, hardLimit }: Rules, bounds: RuleBounds): CheckedAmount | undefined {
  if (softLimit !== undefined || bounds.pace === 'live') return softLimit;
  const least = Math.min(WAIT_BYTES, Math.floor(bounds.memoryCap / 2));
  return ['bytes', hardLimit[0] === 'bytes' ? Math.min(hardLimit[1], least) : least];
}

/** Who waits for its clients skips nothing, and must be able to hold what they may lag. */
function checkWait({ softLimit, recoverPolicy }: Rules, { memoryCap }: RuleBounds): void {
  if (recoverPolicy !== 'none') {
    throw new RangeError(
      `recoverPolicy must be "none" with pace "wait", which skips nothing, not "${recoverPolicy}"`,
    );
  }
  if (softLimit?.[0] === 'bytes' && softLimit[1] > memoryCap) {
    throw new RangeError(
      `softLimit.bytes (${softLimit[1]}) must not be over memoryCap (${memoryCap}) with pace "wait"`,
    );
  }
}

function flatAmount(checked: CheckedAmount | undefined): [unit: number, value: number] {
  return checked === undefined ? [UNITS.none, 0] : [UNITS[checked[0]], checked[1]];
}

/** Amounts of different units cannot be compared before there is a stream. */
function checkOrder(
  lowName: string,
  low: CheckedAmount | undefined,
  highName: string,
  high: CheckedAmount | undefined,
): void {
  if (low === undefined || high === undefined || low[0] !== high[0] || low[1] <= high[1]) return;
  const unit = low[0];
  throw new RangeError(`${lowName}.${unit} (${low[1]}) must not be over ${highName}.${unit} (${high[1]})`);
}

function checkInterval(name: string, limit: CheckedAmount | undefined, flushInterval: number): void {
  if (limit === undefined || limit[0] !== 'ms' || limit[1] >= 2 * flushInterval) return;
  throw new RangeError(
    `${name}.ms (${limit[1]}) must be at least twice flushInterval (${flushInterval}): healthy clients lag that much`,
  );
}
