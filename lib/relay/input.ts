/** The input of a relay: opens a place and lets it write into the sink until it ends. */
import { type ClientSource, HttpClientSource, TcpClientSource, TcpServerSource } from '../endpoint/index.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { FdSource, STREAM_FORMATS, type StreamFormat } from '../source/fd-source.js';
import { openFile } from './file.js';
import type { Place } from './place.js';
import { type Reporter, tellClient } from './reporter.js';

export interface Input {
  /** Resolves when no more will come; rejects when that is so because something has failed. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Whether what connects connects again. */
  readonly reconnect: boolean;
}

export const IN_FORMATS: readonly StreamFormat[] = STREAM_FORMATS;

export interface InputOptions extends ConnectOptions {
  /** What comes in. */
  readonly format: StreamFormat;
}

/** Rejects when the place cannot be opened and never will be. */
export async function openInput(
  place: Place,
  sink: MultiHandleSink,
  { reconnect, format }: InputOptions,
  report: Reporter,
  signal: AbortSignal,
): Promise<Input> {
  const options = { signal, format, ...(reconnect ? {} : { reconnect: false as const }) };
  switch (place.kind) {
    case 'fd':
      return readDescriptor(sink, place.fd, format, report);
    case 'file': {
      const file = await openFile(place.path, 'r', signal);
      try {
        return readDescriptor(sink, file.fd, format, report);
      } finally {
        await file.close();
      }
    }
    case 'listen': {
      const server = new TcpServerSource(sink, { ...place.address, signal, format });
      server.on('refused', (refused) => report.refused(refused));
      server.on('error', (error) => report.failed('accept failed', error));
      server.on('connect', (peer) => report.info('peer connected', { ...peer }));
      server.on('disconnect', (gone) => report.departed(gone));
      tellStream(server, report);
      await server.listen();
      report.listening(server.addresses);
      return { ended: new Promise(() => {}), close: () => server.close() };
    }
    case 'connect':
      return connect(new TcpClientSource(sink, { ...place.address, ...options }), report);
    case 'http':
      return connect(new HttpClientSource(sink, place.url, options), report);
  }
}

function readDescriptor(sink: MultiHandleSink, fd: number, format: StreamFormat, report: Reporter): Input {
  const source = new FdSource(sink, { format });
  tellStream(source, report);
  const ended = new Promise<void>((resolve, reject) => {
    source.on('end', resolve).on('error', reject);
  });
  // It may fail before anybody asks: a file that has been opened is still being closed then.
  ended.catch(() => {});
  source.attach(fd);
  return { ended, close: () => source.close() };
}

/** What all kinds of sources have in common. */
function tellStream(source: FdSource | ClientSource | TcpServerSource, report: Reporter): void {
  const events = source as Pick<FdSource, 'on'>;
  events.on('warning', (warning) => report.misread(warning));
  events.on('format', (description) => report.format(description));
}

function connect(client: ClientSource, report: Reporter): Input {
  tellClient(client, report);
  tellStream(client, report);
  let failure: Error | undefined;
  client.on('error', (error) => {
    failure = error;
  });
  client.on('disconnect', ({ reason, error }) => {
    failure = reason === 'ended' ? undefined : (error ?? new Error(`the connection has gone: ${reason}`));
  });
  const ended = new Promise<void>((resolve, reject) => {
    client.on('close', () => (failure === undefined ? resolve() : reject(failure)));
  });
  client.connect();
  return { ended, close: () => client.close() };
}
