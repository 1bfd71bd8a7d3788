/** What add() knows of a client until its descriptor is there: options, checked, and whom to tell. */
import { ServerResponse } from 'node:http';
import { FRAMINGS } from '../binding.js';
import type { Handed, Taker, Target } from '../handoff/index.js';
import { checkBoolean, checkChoice, checkKeys, describe } from '../units.js';
import type { AddOptions, SinkClient } from './client.js';
import { flatRules, LIMIT_KEYS, type RuleBounds, type Rules, readRules, START_KEYS } from './rules.js';

/** Whoever made the taker. */
export interface TakerOwner {
  take(taker: ClientTaker, handed: Handed): void;
  vanished(client: SinkClient, error: Error | undefined): void;
}

/** Waits for one descriptor. A class, so that ten thousand handoffs make no closures. */
export class ClientTaker implements Taker {
  readonly client: SinkClient;
  readonly options: AddOptions;
  /** The client's own rules, flat; undefined: the sink's. */
  readonly rules: Float64Array | undefined;
  readonly #owner: TakerOwner;

  constructor(owner: TakerOwner, client: SinkClient, options: AddOptions, rules: Float64Array | undefined) {
    this.#owner = owner;
    this.client = client;
    this.options = options;
    this.rules = rules;
  }

  take(handed: Handed): void {
    this.#owner.take(this, handed);
  }

  vanished(error?: Error): void {
    this.#owner.vanished(this.client, error);
  }
}

const RULE_KEYS = [...START_KEYS, ...LIMIT_KEYS];

/** Checks the options of add(); the client's own rules in flat form, undefined when it asks for none. */
export function checkAddOptions(
  options: AddOptions,
  target: Target,
  base: Rules,
  bounds: RuleBounds,
): Float64Array | undefined {
  checkKeys('add options', options, ['tag', 'head', 'framing', 'resendStreamHeader', ...RULE_KEYS]);
  if (options.head !== undefined && !(options.head instanceof Uint8Array)) {
    throw new TypeError(`head must be a Uint8Array, not ${describe(options.head)}`);
  }
  if (options.framing !== undefined) checkChoice('framing', options.framing, FRAMINGS);
  checkBoolean('resendStreamHeader', options.resendStreamHeader ?? true);
  if (options.framing !== undefined && target instanceof ServerResponse) {
    throw new TypeError('framing cannot be chosen for a response: its head says how the body is framed');
  }
  if (RULE_KEYS.every((key) => options[key] === undefined)) return undefined;
  return Float64Array.from(flatRules(readRules(options, base, bounds)));
}

/** The response head that Node has not sent, and what the caller wants behind it. */
export function joined(
  first: Uint8Array | undefined,
  second: Uint8Array | undefined,
): Uint8Array | undefined {
  return first && second ? Buffer.concat([first, second]) : (first ?? second);
}
