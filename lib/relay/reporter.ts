/** What a relay tells while it runs: each line is about one place. */
import type net from 'node:net';
import type { ClientEndpoint, Departure, Peer, Refused } from '../endpoint/index.js';
import type { SourceWarning, StreamDescription } from '../source/notes.js';

/** Where the lines go; pino's Logger is one. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export class Reporter {
  readonly #log: Log;
  readonly #place: object;

  /** @param place added to every line, such as { in: 'tcp://localhost:5000' } */
  constructor(log: Log, place: object) {
    this.#log = log;
    this.#place = place;
  }

  info(message: string, fields: object = {}): void {
    this.#log.info({ ...this.#place, ...fields }, message);
  }

  warn(message: string, fields: object = {}): void {
    this.#log.warn({ ...this.#place, ...fields }, message);
  }

  /** Programs read the port from it. */
  listening(addresses: readonly (net.AddressInfo | string)[]): void {
    for (const at of addresses) {
      this.info('listening', typeof at === 'string' ? { path: at } : { address: at.address, port: at.port });
    }
  }

  departed({ error, ...gone }: Departure & Peer): void {
    if (error === undefined) this.info('disconnected', gone);
    else this.warn('disconnected', { ...gone, error: error.message });
  }

  refused({ error, ...peer }: Refused): void {
    this.warn('refused', { ...peer, error: error.message });
  }

  misread(warning: SourceWarning): void {
    this.warn('event' in warning ? 'event passed over' : 'cannot be read', warning);
  }

  format(description: StreamDescription): void {
    this.info('format', description);
  }

  failed(what: string, error: Error): void {
    this.warn(what, { error: error.message });
  }
}

export function tellClient(client: ClientEndpoint, report: Reporter): void {
  client.on('connect', (peer) => report.info('connected', peer));
  client.on('disconnect', (gone) => report.departed(gone));
  client.on('reconnect', ({ attempt, delay, error }) => {
    const fields = { attempt, ms: Math.round(delay) };
    if (error === undefined) report.info('connecting again', fields);
    else report.warn('cannot connect, trying again', { ...fields, error: error.message });
  });
}
