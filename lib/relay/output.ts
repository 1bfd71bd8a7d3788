/** An output of a relay: opens a place and makes it a client of the sink, or lets clients come to it. */
import { type ClientSink, HttpClientSink, TcpClientSink, TcpServerSink } from '../endpoint/index.js';
import { SinkWatch } from '../endpoint/watch.js';
import type { AddOptions, Payload } from '../sink/client.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { openFile } from './file.js';
import type { ConnectOptions } from './input.js';
import type { Place } from './place.js';
import { type Reporter, tellClient } from './reporter.js';

export const OUT_FORMATS = ['raw', 'gdp'] as const satisfies readonly Payload[];
export type OutFormat = (typeof OUT_FORMATS)[number];

export interface Output {
  /** Resolves when nothing more will ever be written. */
  readonly gone: Promise<void>;
  /** What went wrong, and has not been put right since. */
  readonly failure: Error | undefined;
  /** Told that what has come so far was all. */
  inputEnded(): void;
  close(): Promise<void>;
}

/** Resolves when the output takes the stream, or when its first attempt to connect has failed and others will follow. */
export async function openOutput(
  place: Place,
  payload: Payload,
  sink: MultiHandleSink,
  { reconnect }: ConnectOptions,
  report: Reporter,
  signal: AbortSignal,
): Promise<Output> {
  const add = { payload };
  const options = { sink, add, signal, ...(reconnect ? {} : { reconnect: false as const }) };
  switch (place.kind) {
    case 'fd':
      return new DescriptorOutput(sink, place.fd, add, report);
    case 'file': {
      const file = await openFile(place.path, 'w', signal);
      try {
        return new DescriptorOutput(sink, file.fd, add, report);
      } finally {
        await file.close();
      }
    }
    case 'listen':
      return await listen(new TcpServerSink({ ...place.address, sink, add, signal }), report);
    case 'connect':
      return await ConnectedOutput.open(new TcpClientSink({ ...place.address, ...options }), report);
    case 'http':
      return await ConnectedOutput.open(new HttpClientSink(place.url, options), report);
  }
}

const TOO_SLOW = 'it takes the stream too slowly';

class DescriptorOutput implements Output {
  readonly gone: Promise<void>;
  failure: Error | undefined;

  constructor(sink: MultiHandleSink, fd: number, add: AddOptions, report: Reporter) {
    let resolve = (): void => {};
    this.gone = new Promise<void>((settle) => {
      resolve = settle;
    });
    SinkWatch.of(sink).add(fd, add, ({ reason, error }) => {
      this.failure = reason === 'slow' ? new Error(TOO_SLOW) : error;
      if (this.failure !== undefined) report.failed('output lost', this.failure);
      else if (reason === 'closed') report.info('nobody reads any more');
      resolve();
    });
  }

  inputEnded(): void {}

  /** The sink does. */
  async close(): Promise<void> {}
}

async function listen(server: TcpServerSink, report: Reporter): Promise<Output> {
  server.on('refused', (refused) => report.refused(refused));
  server.on('error', (error) => report.failed('accept failed', error));
  server.on('connect', (client, peer) => report.info('client connected', { client: client.id, ...peer }));
  await server.listen();
  report.listening(server.addresses);
  return {
    gone: new Promise(() => {}),
    failure: undefined,
    inputEnded: () => {},
    close: () => server.close(),
  };
}

class ConnectedOutput implements Output {
  readonly gone: Promise<void>;
  readonly #client: ClientSink;
  readonly #report: Reporter;
  failure: Error | undefined;

  static async open(client: ClientSink, report: Reporter): Promise<ConnectedOutput> {
    const output = new ConnectedOutput(client, report);
    await new Promise<void>((resolve, reject) => {
      client.once('reconnect', () => resolve());
      client.connect().then(resolve, reject);
    });
    return output;
  }

  private constructor(client: ClientSink, report: Reporter) {
    this.#client = client;
    this.#report = report;
    tellClient(client, report);
    client.on('connect', () => {
      this.failure = undefined;
    });
    client.on('disconnect', ({ reason, error }) => {
      this.failure = reason === 'slow' ? new Error(TOO_SLOW) : error;
    });
    this.gone = new Promise((resolve) => client.once('close', resolve));
  }

  inputEnded(): void {
    if (this.#client.connected || this.#client.closed) return;
    this.failure = new Error('it was not connected when the input ended');
    this.#report.failed('output lost', this.failure);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
