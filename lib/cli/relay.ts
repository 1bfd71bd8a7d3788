/** `flumen relay`: one stream from anywhere to anywhere, until it ends or a signal comes. */

import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { IN_FORMATS, type InputOptions } from '../relay/input.js';
import { OUT_FORMATS, type OutFormat } from '../relay/output.js';
import { PLACES, type Place, parsePlace, type Side } from '../relay/place.js';
import { Relay, type Target } from '../relay/relay.js';
import { createLog, logFormatOption } from './log.js';
import { onFirstSignal } from './signals.js';

/** Options as commander hands them over. */
interface RelayFlags {
  readonly reconnect: boolean;
  readonly inFormat: InputOptions['format'];
  readonly outFormat: OutFormat[];
  readonly logFormat: 'json' | 'pretty';
}

export function relayCommand(): Command {
  return new Command('relay')
    .description(
      'Carry one stream from IN to every OUT, byte for byte; GDP in, out, or both, with its timestamps, caps and events.',
    )
    .addArgument(new Argument('<IN>', `where it comes from: ${PLACES}`).argParser(placeFor('IN')))
    .addArgument(new Argument('<OUT...>', 'where it goes: the same').argParser(eachPlaceFor('OUT')))
    .addOption(
      new Option('--in-format <format>', 'what comes in; auto: gdp or raw, by the first bytes')
        .choices(IN_FORMATS)
        .default('raw'),
    )
    .addOption(
      new Option(
        '--out-format <format>',
        'what goes out: raw or gdp, or one for each OUT, with commas between',
      )
        .argParser(payloads)
        .default(['raw'], 'raw'),
    )
    .option(
      '--no-reconnect',
      'tcp:, unix: and http: connect once; IN ends with its connection (default: they connect again)',
    )
    .addOption(logFormatOption())
    .exitOverride()
    .action(relay);
}

/** Resolves when the relay has ended; sets the exit code. Rejects when a place cannot be opened or IN fails. */
async function relay(input: Place, outputs: Place[], flags: RelayFlags): Promise<void> {
  const log = createLog(flags.logFormat);
  const targets = withPayloads(outputs, flags.outFormat);
  const relay = new Relay(input, targets, { reconnect: flags.reconnect, format: flags.inFormat }, log);
  const signals = onFirstSignal((signal) => {
    log.info({ signal }, 'closing');
    relay.stop();
  });
  try {
    if (!(await relay.run())) process.exitCode = 1;
  } finally {
    signals.dispose();
  }
}

function payloads(text: string): OutFormat[] {
  const wrong = text.split(',').find((word) => !(OUT_FORMATS as readonly string[]).includes(word));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" is neither ${OUT_FORMATS.join(' nor ')}.`);
  return text.split(',') as OutFormat[];
}

function withPayloads(places: readonly Place[], formats: readonly OutFormat[]): Target[] {
  if (formats.length > 1 && formats.length !== places.length) {
    throw new Error(`--out-format names ${formats.length} formats for ${places.length} outputs`);
  }
  return places.map((place, i) => ({ place, payload: formats[i] ?? formats[0] ?? 'raw' }));
}

function placeFor(side: Side): (text: string) => Place {
  return (text) => {
    try {
      return parsePlace(text, side);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

function eachPlaceFor(side: Side): (text: string, before: Place[] | undefined) => Place[] {
  const parse = placeFor(side);
  return (text, before = []) => [...before, parse(text)];
}
