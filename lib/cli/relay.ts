/** `flumen relay`: one stream from anywhere to anywhere, until it ends or a signal comes. */

import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { IN_FORMATS, type InputOptions } from '../relay/input.js';
import { PLACES, type Place, parsePlace, type Side } from '../relay/place.js';
import { Relay } from '../relay/relay.js';
import { createLog, logFormatOption } from './log.js';
import { onFirstSignal } from './signals.js';

/** Options as commander hands them over. */
interface RelayFlags {
  readonly reconnect: boolean;
  readonly inFormat: InputOptions['format'];
  readonly logFormat: 'json' | 'pretty';
}

export function relayCommand(): Command {
  return new Command('relay')
    .description(
      'Carry one stream from IN to every OUT, byte for byte. With GDP as IN: the bytes of its frames.',
    )
    .addArgument(new Argument('<IN>', `where it comes from: ${PLACES}`).argParser(placeFor('IN')))
    .addArgument(new Argument('<OUT...>', 'where it goes: the same').argParser(eachPlaceFor('OUT')))
    .addOption(
      new Option('--in-format <format>', 'what comes in; auto: gdp or raw, by the first bytes')
        .choices(IN_FORMATS)
        .default('raw'),
    )
    .addOption(new Option('--out-format <format>', 'what goes out').choices(['raw']).default('raw'))
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
  const relay = new Relay(input, outputs, { reconnect: flags.reconnect, format: flags.inFormat }, log);
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
