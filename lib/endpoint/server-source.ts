/** Listens, and lets one peer at a time write into a sink. */
import type net from 'node:net';
import { constants } from 'node:os';
import { systemError } from '../errors.js';
import { NUMBERS, numberOption } from '../options.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import type { SourceWarning, StreamDescription } from '../source/notes.js';
import { checkKeys } from '../units.js';
import { ADDRESS_KEYS, type AddressOptions, checkAddress, type Peer, peerOf } from './address.js';
import type { Departure } from './client-endpoint.js';
import type { IntakeOptions } from './client-source.js';
import { Intake } from './intake.js';
import { ServerEndpoint, type ServerEndpointEvents, type ServerEndpointOptions } from './server-endpoint.js';
import { checkSignal } from './signal.js';

export interface TcpServerSourceOptions extends AddressOptions, ServerEndpointOptions, IntakeOptions {
  /** Peers that may wait while another one writes; more are refused. Default 5. */
  backlog?: number;
}

export interface TcpServerSourceEvents extends ServerEndpointEvents {
  /** It is this peer's turn to write. */
  connect: [Peer];
  /** The peer has gone; the next one's connect follows at once if one waits. */
  disconnect: [Departure & Peer];
  /** Something of the peer's stream could not be used: see FdSource. */
  warning: [SourceWarning];
  /** What the peer's stream is: see FdSource. */
  format: [StreamDescription];
}

interface Waiting {
  readonly socket: net.Socket;
  readonly peer: Peer;
}

/**
 * GStreamer: tcpserversrc, but it goes on listening. Whoever comes while a peer writes waits for its turn; nobody reads
 * from it meanwhile, so that the kernel makes it wait too and nothing that it sends is lost.
 */
export class TcpServerSource extends ServerEndpoint<TcpServerSourceEvents> {
  readonly #backlog: number;
  readonly #intake: Intake;
  readonly #line: Waiting[] = [];
  #writing: Peer | undefined;

  constructor(sink: MultiHandleSink, options: TcpServerSourceOptions = {}) {
    checkKeys('TcpServerSource options', options, [
      ...ADDRESS_KEYS,
      'timeout',
      'format',
      'backlog',
      'signal',
    ]);
    const backlog = numberOption(NUMBERS.TcpServerSourceOptions.backlog, options.backlog);
    const address = checkAddress(options, 'listen');
    super(sink, address, Math.max(1, backlog), checkSignal(options.signal));
    this.#backlog = backlog;
    this.#intake = new Intake(sink, options, {
      gone: (departure) => this.#gone(departure),
      warning: (warning) => this.emit('warning', warning),
      format: (description) => this.emit('format', description),
    });
  }

  /** Whether a peer writes now. */
  get connected(): boolean {
    return this.#writing !== undefined;
  }

  /** Peers that wait for their turn. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Bytes of all peers so far. */
  get bytesRead(): number {
    return this.#intake.bytesRead;
  }

  protected override accept(socket: net.Socket): void {
    const waiting = { socket, peer: peerOf(socket) };
    // Not read from, it can only fail when it is handed over, and then the handoff hears of it.
    socket.on('error', () => {});
    if (this.closing) socket.destroy();
    else if (this.#writing === undefined) this.#begin(waiting);
    else if (this.#line.length < this.#backlog) this.#line.push(waiting);
    else
      this.refuse(socket, waiting.peer, systemError(constants.errno.EBUSY, 'accept', 'another peer writes'));
  }

  protected override async release(): Promise<void> {
    for (const { socket } of this.#line.splice(0)) socket.destroy();
    await this.#intake.close();
    this.#writing = undefined;
  }

  #begin({ socket, peer }: Waiting): void {
    this.#writing = peer;
    try {
      this.#intake.attach(socket);
    } catch (error) {
      this.#writing = undefined;
      this.refuse(socket, peer, error as Error);
      return;
    }
    this.emit('connect', peer);
  }

  #gone(departure: Departure): void {
    if (this.closing) return;
    const peer = this.#writing;
    this.#writing = undefined;
    this.emit('disconnect', { ...departure, ...peer });
    while (this.#writing === undefined && !this.closing) {
      const next = this.#line.shift();
      if (next === undefined) return;
      this.#begin(next);
    }
  }
}
