/** `flumen serve`: a server with a log, until a signal comes. */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from '../server/server.js';
import { createLog, logServer } from './log.js';
import type { ServeFlags } from './main.js';
import { onFirstSignal } from './signals.js';

/** Resolves when the server listens; the process then lives until SIGINT or SIGTERM. Rejects when it cannot listen. */
export async function serve(flags: ServeFlags): Promise<void> {
  const sourcePassword = flags.sourcePassword ?? randomBytes(12).toString('base64url');
  const demo = flags.demo ?? flags.sourcePassword === undefined;
  const { sourceGrace, flushInterval, burst } = flags;
  const server = createServer({ sourcePassword, demo, sourceGrace, flushInterval, burst });
  const log = createLog(flags.logFormat);
  logServer(server, log);
  if (server.advice !== undefined) log.warn(server.advice);

  const address = await server.listen(flags.listen);
  const closed = new Promise<void>((resolve, reject) => {
    onFirstSignal((signal) => {
      log.info({ signal }, 'closing');
      server.close().then(resolve, reject);
    });
  });
  // The only line on stdout: programs wait for it and read the port from it.
  process.stdout.write(`listening on http://${hostPort(address)}\n`);
  if (flags.sourcePassword === undefined) {
    process.stderr.write(`${welcome(dialled(address), sourcePassword)}\n`);
  }
  await closed;
}

function hostPort({ address, port }: AddressInfo): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** An address that somebody on this machine can dial. */
function dialled(address: AddressInfo): string {
  const any = address.address === '0.0.0.0' || address.address === '::';
  return any ? `localhost:${address.port}` : hostPort(address);
}

/** Plain text for a person, not for the log: the password is said once and kept nowhere. */
function welcome(at: string, password: string): string {
  return `
  Listen:   http://${at}/  (a page with a player) or http://${at}/demo.mp3
  Publish:  ffmpeg -re -f lavfi -i sine -f mp3 icecast://source:${password}@${at}/live.mp3

  The source password was made at random for this run; choose your own with --source-password
  or in FLUMEN_SOURCE_PASSWORD.
`;
}
