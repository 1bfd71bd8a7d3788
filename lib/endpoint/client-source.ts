/** Connects out, and lets the peer write into a sink. */
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import type { StreamFormat } from '../source/fd-source.js';
import { checkKeys } from '../units.js';
import { ADDRESS_KEYS, type AddressOptions, checkAddress } from './address.js';
import { CLIENT_KEYS, ClientEndpoint, type ClientEndpointOptions } from './client-endpoint.js';
import { type Dial, type Dialled, dialAddress } from './dial.js';
import { Intake } from './intake.js';

/** What a peer's bytes are, and how long it may be silent. */
export interface IntakeOptions {
  /** ms without a byte after which the peer is taken for lost and its connection closed. Default 0: never. */
  timeout?: number;
  /** As of FdSource, judged anew for each connection. Default raw. */
  format?: StreamFormat;
}

export class ClientSource extends ClientEndpoint {
  /** Where the bytes go. It stays, with its clients, when the peer goes and when this end point is closed. */
  override readonly sink: MultiHandleSink;
  readonly #intake: Intake;
  #framed = false;

  constructor(sink: MultiHandleSink, dial: Dial, options: ClientEndpointOptions & IntakeOptions) {
    super(dial, options);
    this.sink = sink;
    this.#intake = new Intake(sink, options, {
      // A body that says where it ends, and came to that end, will not go on.
      gone: (departure) => this.gone(departure, this.#framed && departure.reason === 'ended'),
      warning: (warning) => this.emit('warning', warning),
      format: (description) => this.emit('format', description),
    });
  }

  /** Bytes of the stream over the life of this end point. */
  get bytesRead(): number {
    return this.#intake.bytesRead;
  }

  protected override take({ socket, attach }: Dialled): void {
    this.#framed = attach?.framing === 'chunked' || attach?.length !== undefined;
    this.#intake.attach(socket, attach);
  }

  protected override async release(): Promise<void> {
    await this.#intake.close();
  }
}

export interface TcpClientSourceOptions extends AddressOptions, ClientEndpointOptions, IntakeOptions {}

/** GStreamer: tcpclientsrc, with as many addresses as the name has, and reconnecting. */
export class TcpClientSource extends ClientSource {
  constructor(sink: MultiHandleSink, options: TcpClientSourceOptions = {}) {
    checkKeys('TcpClientSource options', options, [...ADDRESS_KEYS, ...CLIENT_KEYS, 'timeout', 'format']);
    const address = checkAddress(options, 'connect');
    super(sink, async (signal) => ({ socket: await dialAddress(address, signal) }), options);
  }
}
