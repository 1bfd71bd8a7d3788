/** Listens, and gives every connection to a sink. */
import type net from 'node:net';
import { constants } from 'node:os';
import { Descriptors } from '../descriptors.js';
import { diagnostics } from '../environment.js';
import { systemError } from '../errors.js';
import { NUMBERS, numberOption } from '../options.js';
import type { AddOptions, Client } from '../sink/client.js';
import { MultiHandleSink } from '../sink/multi-handle-sink.js';
import { checkKeys } from '../units.js';
import { ADDRESS_KEYS, type AddressOptions, checkAddress, type Peer, peerOf } from './address.js';
import { chosenSink, SINK_KEYS, type SinkChoice } from './client-sink.js';
import { ServerEndpoint, type ServerEndpointEvents, type ServerEndpointOptions } from './server-endpoint.js';
import { checkSignal } from './signal.js';

export interface TcpServerSinkOptions extends AddressOptions, ServerEndpointOptions, SinkChoice {
  /** Connections that the kernel may hold until they are accepted (its own maximum is net.core.somaxconn). Default 4096. */
  backlog?: number;
}

export interface TcpServerSinkEvents extends ServerEndpointEvents {
  /** A connection has become a client; the sink's own events say how it goes on. */
  connect: [Client, Peer];
}

/**
 * GStreamer: tcpserversink. close() closes a sink of its own; in one that was given the clients stay. Too many open files
 * cost the connections that are too many, and nothing else.
 */
export class TcpServerSink extends ServerEndpoint<TcpServerSinkEvents> {
  readonly #own: boolean;
  readonly #add: AddOptions;
  readonly #descriptors = new Descriptors(() => diagnostics().openFds);

  constructor(options: TcpServerSinkOptions = {}) {
    checkKeys('TcpServerSink options', options, [...ADDRESS_KEYS, ...SINK_KEYS, 'backlog', 'signal']);
    const backlog = numberOption(NUMBERS.TcpServerSinkOptions.backlog, options.backlog);
    const address = checkAddress(options, 'listen');
    const signal = checkSignal(options.signal);
    super(chosenSink(options), address, backlog, signal);
    this.#own = !(options.sink instanceof MultiHandleSink);
    this.#add = options.add ?? {};
  }

  protected override accept(socket: net.Socket): void {
    const peer = peerOf(socket);
    try {
      // At EMFILE libuv would accept and close without a word, so we stop before.
      if (this.#descriptors.admit() !== 'yes') throw systemError(constants.errno.EMFILE, 'accept', 'client');
      this.emit('connect', this.sink.add(socket, this.#add), peer);
    } catch (error) {
      this.refuse(socket, peer, error as Error);
    }
  }

  protected override async release(): Promise<void> {
    if (this.#own) await this.sink.close();
  }
}
