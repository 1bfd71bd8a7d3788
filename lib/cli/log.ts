/** The log on stderr, and what of the server's life goes into it. */

import { Option } from 'commander';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { FlumenServer } from '../server/server.js';

const STDERR = 2;

/** The same for every command that has a log. */
export function logFormatOption(): Option {
  return new Option('--log-format <format>', 'how the log on stderr looks')
    .choices(['json', 'pretty'])
    .default('pretty');
}

export function createLog(format: 'json' | 'pretty'): Logger {
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // Synchronous: nothing is lost when the process ends, and at this level there is little to write.
  if (format === 'json') return pino(options, pino.destination({ fd: STDERR, sync: true }));
  return pino(
    options,
    pretty({
      destination: STDERR,
      sync: true,
      colorize: process.stderr.isTTY === true,
      translateTime: 'SYS:HH:MM:ss',
    }),
  );
}

export function logServer(server: FlumenServer, log: Logger): void {
  server.on('source-connected', ({ path, info }) => {
    log.info({ mount: path, type: info.contentType, encoder: info.userAgent }, 'source connected');
  });
  server.on('source-gone', ({ path, listeners }, error) => {
    if (error === undefined) log.info({ mount: path, listeners }, 'source has ended');
    else log.warn({ mount: path, listeners, error: error.message }, 'source lost');
  });
  server.on('source-format', ({ path }, { format, contentType }) => {
    log.info({ mount: path, format, type: contentType }, 'stream recognised');
  });
  server.on('source-warning', ({ path }, warning) => log.warn({ mount: path, ...warning }, 'cannot be read'));
  server.on('mount-ended', ({ path }) => log.info({ mount: path }, 'mount has ended'));
  server.on('listener-removed', ({ path }, { reason, stats, error }) => {
    // Listeners come and go in thousands: only the ones that were thrown out are worth a line here.
    if (reason !== 'slow' && reason !== 'error') return;
    log.warn(
      { mount: path, reason, sent: stats.bytesSent, ms: stats.durationMs, error: error?.message },
      'listener lost',
    );
  });
  server.on('warning', (error) => log.warn({ err: error }, error.message));
}
