/** The command line: reads it, runs the command, turns errors into one clear line and an exit code. */

import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../version.js';
import { gdpCommand } from './gdp.js';
import { logFormatOption } from './log.js';
import {
  type ListenAddress,
  parseListen,
  parseMilliseconds,
  parsePassword,
  parseSeconds,
} from './options.js';
import { relayCommand } from './relay.js';
import { serve } from './serve.js';

/** Wrong use of the command line. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;

/** Options of `flumen serve` as commander hands them over. */
export interface ServeFlags {
  readonly listen: ListenAddress;
  readonly sourcePassword?: string;
  readonly demo?: boolean;
  /** ms */
  readonly sourceGrace: number;
  /** ms */
  readonly flushInterval: number;
  /** ms */
  readonly burst: number;
  readonly logFormat: 'json' | 'pretty';
}

/** @param argv as in `process.argv`. Sets the exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('flumen')
    .description('One live stream to ten thousand receivers.')
    .version(VERSION)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  program.addCommand(serveCommand());
  program.addCommand(relayCommand());
  program.addCommand(gdpCommand());
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong; help and version "fail" with 0.
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
      return;
    }
    process.stderr.write(`flumen: ${explain(error)}\n`);
    process.exitCode = EXIT_FAILURE;
  }
}

function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Take streams from encoders (ffmpeg, OBS, libshout, curl) and give them to listeners over HTTP.',
    )
    .addOption(
      new Option('--listen <host:port>', 'where to listen; port 0 takes a free one')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 8000 }, '127.0.0.1:8000'),
    )
    .addOption(
      new Option(
        '--source-password <password>',
        'what encoders log in with, as user "source" (default: a random one)',
      )
        .env('FLUMEN_SOURCE_PASSWORD')
        .argParser(parsePassword),
    )
    .option('--demo', 'stream a short piece of music at /demo.mp3 (default: when no password is given)')
    .addOption(
      new Option('--source-grace <seconds>', 'how long a mount keeps its listeners when its source has gone')
        .argParser(parseSeconds)
        .default(10_000, '10'),
    )
    .addOption(
      new Option('--burst <seconds>', 'how much of the recent stream a new listener is given at once')
        .argParser(parseSeconds)
        .default(5_000, '5'),
    )
    .addOption(
      new Option(
        '--flush-interval <ms>',
        'how long small pieces are collected before they are sent; 0 = not at all',
      )
        .argParser(parseMilliseconds)
        .default(200),
    )
    .addOption(logFormatOption())
    .exitOverride()
    .action((flags: ServeFlags) => serve(flags));
}

const TROUBLE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use: is another server running there? Choose another port with --listen',
  EACCES: 'no permission: ports below 1024 are for root. Choose another port with --listen',
  EADDRNOTAVAIL: 'this machine has no such address. Choose another with --listen',
  ENOTFOUND: 'this host name is not known. Choose another with --listen',
};

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, address, port, hostname } = error as NodeJS.ErrnoException & Record<string, unknown>;
  const text = code === undefined ? undefined : TROUBLE[code];
  if (text === undefined) return error.message;
  const where = String(address ?? hostname ?? '');
  const host = where.includes(':') ? `[${where}]` : where;
  return `cannot listen on ${host}${port === undefined ? '' : `:${port}`} (${code}): ${text}`;
}
