/** The streaming server: encoders upload to mounts, listeners get them. */

import { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Descriptors } from '../descriptors.js';
import { reply } from '../http/reply.js';
import { createSite } from '../http/site.js';
import { Front, type FrontRequest } from '../ingest/front.js';
import { requireNative } from '../native.js';
import { NUMBERS, numberOption } from '../options.js';
import type { Client, ClientRemoved } from '../sink/client.js';
import type { SourceWarning, StreamDescription } from '../source/notes.js';
import { DemoProgram } from './demo.js';
import { type Authenticate, Listeners } from './listeners.js';
import { Metadata } from './metadata.js';
import type { Mount } from './mount.js';
import { Mounts } from './mounts.js';
import { Uploads } from './uploads.js';

export interface ServerOptions {
  /** What sources log in with, as user `source`. Not empty. */
  readonly sourcePassword: string;
  /** Decides who may listen; without it everybody may. */
  readonly authenticate?: Authenticate;
  /** ms for which a mount keeps its listeners after its source has gone; default 10,000. */
  readonly sourceGrace?: number;
  /** ms for which small frames are collected before they are sent; default 200. */
  readonly flushInterval?: number;
  /**
   * ms of the stream that a new listener is given at once, from a place where decoding can begin; 0: from the newest
   * such place. Default 5,000.
   */
  readonly burst?: number;
  /** ms in which a client must have sent its whole request head; default 10,000. */
  readonly headTimeout?: number;
  /** Streams a short piece of music at /demo.mp3; default false. */
  readonly demo?: boolean;
}

export interface ServerEvents {
  'source-connected': [mount: Mount];
  /** With an error when the source did not end properly. Its listeners stay for the grace time. */
  'source-gone': [mount: Mount, error?: Error];
  /** What the source's stream is, by its first bytes. `mount.info` has its media type from now on. */
  'source-format': [mount: Mount, description: StreamDescription];
  /** Something of the source's stream could not be used, and it goes on: see FdSource. */
  'source-warning': [mount: Mount, warning: SourceWarning];
  'mount-ended': [mount: Mount];
  'listener-added': [mount: Mount, client: Client];
  'listener-removed': [mount: Mount, removed: ClientRemoved];
  /** Something is not as it should be, but the server goes on. */
  warning: [error: Error];
}

const NUMBER = NUMBERS.ServerOptions;

export class FlumenServer extends EventEmitter<ServerEvents> {
  readonly #front: Front;
  readonly #site: HttpServer;
  readonly #mounts: Mounts;
  readonly #listeners: Listeners;
  readonly #uploads: Uploads;
  readonly #descriptors: Descriptors;
  readonly #demo: boolean;
  readonly #startedAt = Date.now();
  #program: DemoProgram | undefined;
  #closing: Promise<void> | undefined;

  /** @throws TypeError or RangeError for options out of place, ERR_FLUMEN_NO_ADDON where nothing could be streamed */
  constructor(options: ServerOptions) {
    super();
    requireNative();
    const { sourcePassword, authenticate, ...rest } = options;
    if (typeof sourcePassword !== 'string' || sourcePassword === '') {
      throw new TypeError('sourcePassword must be a string that is not empty');
    }
    if (authenticate !== undefined && typeof authenticate !== 'function') {
      throw new TypeError('authenticate must be a function');
    }
    const sourceGrace = numberOption(NUMBER.sourceGrace, rest.sourceGrace);
    const flushInterval = numberOption(NUMBER.flushInterval, rest.flushInterval);
    const burst = numberOption(NUMBER.burst, rest.burst);
    const headTimeout = numberOption(NUMBER.headTimeout, rest.headTimeout);
    this.#demo = rest.demo ?? false;
    this.#mounts = new Mounts({ sourceGrace, flushInterval, burst }, this.#observer());
    this.#descriptors = new Descriptors(() => this.#front.held + this.#mounts.descriptors);
    this.#front = new Front({
      headTimeout,
      admit: () => this.#descriptors.admit(),
      trouble: (error) => this.#warn(error),
      request: (request) => this.#route(request),
      pathless: (socket, bytes) => this.#front.passOn(socket, bytes, this.#site),
    });
    this.#listeners = new Listeners(this.#front, authenticate, (error) => this.#warn(error));
    this.#uploads = new Uploads(this.#front, this.#mounts, sourcePassword);
    const metadata = new Metadata(this.#mounts, sourcePassword);
    this.#site = createSite({
      mounts: () => this.#mounts.statuses(),
      startedAt: this.#startedAt,
      mount: (request, response, target) => {
        const mount = this.#mounts.get(target.path);
        if (mount !== undefined) this.#listeners.handleResponse(mount, request, response, target);
        return mount !== undefined;
      },
      admin: (request, response, target) => metadata.handle(request, response, target),
      trouble: (error) => this.#warn(error),
    });
  }

  /** Mounts by path. */
  get mounts(): ReadonlyMap<string, Mount> {
    return this.#mounts.byPath;
  }

  /** What to do about a limit of open files that is too low; undefined when it is high enough. */
  get advice(): string | undefined {
    return this.#descriptors.advice();
  }

  /**
   * Begins to accept connections; port 0 takes a free one.
   * Rejects with the system's error (EADDRINUSE, EACCES, ENOTFOUND, …).
   */
  async listen(options: { host?: string; port: number }): Promise<AddressInfo> {
    const address = await this.#front.listen(options.host ?? '127.0.0.1', options.port);
    if (this.#demo) this.#program = new DemoProgram(this.#mounts);
    this.#front.server.on('error', (error) => this.#warn(error));
    return address;
  }

  /** Where it listens; null when it does not. */
  address(): AddressInfo | null {
    return this.#front.server.address() as AddressInfo | null;
  }

  /** Ends all streams (listeners get what is pending, for at most 2 s) and closes every connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#program?.stop();
    const stopped = this.#front.stop();
    await this.#mounts.end();
    this.#front.cut();
    this.#site.close();
    await stopped;
  }

  #route(request: FrontRequest): void {
    const { socket, head, target } = request;
    if (this.#closing !== undefined) {
      this.#front.refuse(socket, reply(503, 'This server is closing'), head.minor);
      return;
    }
    if (head.method === 'PUT' || head.method === 'SOURCE') {
      this.#uploads.handle(request);
      return;
    }
    const mount = this.#mounts.get(target.path);
    if (mount !== undefined) this.#listeners.handle(mount, request);
    else this.#front.passOn(socket, request.bytes, this.#site);
  }

  #observer() {
    return {
      sourceConnected: (mount: Mount) => void this.emit('source-connected', mount),
      sourceGone: (mount: Mount, error: Error | undefined) => {
        if (error === undefined) this.emit('source-gone', mount);
        else this.emit('source-gone', mount, error);
      },
      sourceRecognised: (mount: Mount, description: StreamDescription) =>
        void this.emit('source-format', mount, description),
      sourceMisread: (mount: Mount, warning: SourceWarning) =>
        void this.emit('source-warning', mount, warning),
      mountEnded: (mount: Mount) => void this.emit('mount-ended', mount),
      listenerAdded: (mount: Mount, client: Client) => void this.emit('listener-added', mount, client),
      listenerRemoved: (mount: Mount, removed: ClientRemoved) =>
        void this.emit('listener-removed', mount, removed),
    };
  }

  #warn(error: unknown): void {
    this.emit('warning', error instanceof Error ? error : new Error(String(error)));
  }
}

/** A server that does not listen yet. */
export function createServer(options: ServerOptions): FlumenServer {
  return new FlumenServer(options);
}
