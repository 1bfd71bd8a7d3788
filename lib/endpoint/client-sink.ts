/** Connects out, and gives the connection to a sink as a client. */
import type { AddOptions, Client, RemovalReason } from '../sink/client.js';
import { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { MultiSocketSink } from '../sink/multi-socket-sink.js';
import type { SinkOptions } from '../sink/options.js';
import { checkKeys } from '../units.js';
import { ADDRESS_KEYS, type AddressOptions, checkAddress } from './address.js';
import { CLIENT_KEYS, ClientEndpoint, type ClientEndpointOptions } from './client-endpoint.js';
import { type Dial, type Dialled, dialAddress } from './dial.js';
import { SinkWatch } from './watch.js';

/** Which sink an end point serves. */
export interface SinkChoice {
  /** A sink that others use as well and that the caller ends, or the options of a sink of its own. Default: {}. */
  sink?: MultiHandleSink | SinkOptions;
  /** Given to sink.add() with each connection. */
  add?: AddOptions;
}

/** Names of SinkChoice. */
export const SINK_KEYS = ['sink', 'add'] as const satisfies (keyof SinkChoice)[];

/** Reasons after which the peer may well be back. removed and ended were meant. */
const COMES_BACK: ReadonlySet<RemovalReason> = new Set(['closed', 'error', 'slow', 'timeout']);

export class ClientSink extends ClientEndpoint {
  override readonly sink: MultiHandleSink;
  readonly #own: boolean;
  readonly #add: AddOptions;
  #client: Client | undefined;
  #left: () => void = () => {};

  constructor(dial: Dial, options: ClientEndpointOptions & SinkChoice) {
    super(dial, options);
    this.#own = !(options.sink instanceof MultiHandleSink);
    this.sink = chosenSink(options);
    this.#add = options.add ?? {};
  }

  /** The client that the connection is; undefined when there is none. */
  get client(): Client | undefined {
    return this.#client;
  }

  protected override take({ socket, add }: Dialled): void {
    const client = SinkWatch.of(this.sink).add(socket, { ...this.#add, ...add }, ({ reason, error }) => {
      this.#client = undefined;
      this.#left();
      this.gone({ reason, ...(error && { error }) }, !COMES_BACK.has(reason));
    });
    this.#client = client;
  }

  /** A sink of its own is closed. In another the client gets what is pending for it, and goes. */
  protected override async release(): Promise<void> {
    const client = this.#client;
    if (this.#own) {
      await this.sink.close();
    } else if (client !== undefined) {
      const left = new Promise<void>((resolve) => {
        this.#left = resolve;
      });
      this.sink.remove(client, { flush: true });
      await left;
    }
  }
}

export interface TcpClientSinkOptions extends AddressOptions, ClientEndpointOptions, SinkChoice {}

/** GStreamer: tcpclientsink, with as many addresses as the name has, and reconnecting. */
export class TcpClientSink extends ClientSink {
  constructor(options: TcpClientSinkOptions = {}) {
    checkKeys('TcpClientSink options', options, [...ADDRESS_KEYS, ...CLIENT_KEYS, ...SINK_KEYS]);
    const address = checkAddress(options, 'connect');
    super(async (signal) => ({ socket: await dialAddress(address, signal) }), options);
  }
}

/** The sink that was given, or a new one. */
export function chosenSink({ sink }: SinkChoice): MultiHandleSink {
  return sink instanceof MultiHandleSink ? sink : new MultiSocketSink(sink);
}
