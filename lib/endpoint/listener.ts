/**
 * Listens on every address that a host stands for, or on a unix socket. GStreamer's elements bind one address only, so
 * that "localhost" means IPv4 here and IPv6 there.
 */
import dns from 'node:dns';
import net from 'node:net';
import { flumenError } from '../errors.js';
import type { Address } from './address.js';
import { removeStale } from './stale.js';

export interface ListenerOptions {
  /** Connections that the kernel may hold for us. */
  readonly backlog: number;
  /** Each connection, paused: Node has read nothing of it. */
  readonly connection: (socket: net.Socket) => void;
  /** accept() failed; listening goes on. */
  readonly trouble: (error: Error) => void;
}

/** A free port on one address may be taken on the next one: so many are tried. */
const PORT_ATTEMPTS = 16;

/** What a machine without IPv6 (or IPv4) answers for an address of that kind. */
const NO_SUCH_ADDRESS = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

export class Listener {
  readonly #address: Address;
  readonly #options: ListenerOptions;
  readonly #servers: net.Server[] = [];
  #closed = false;

  constructor(address: Address, options: ListenerOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** Resolves when connections are accepted. Rejects with the system's error, and then listens on no address. */
  async listen(): Promise<void> {
    if ('path' in this.#address) return await this.#listenUnix(this.#address.path);
    const { host, port } = this.#address;
    const found = await dns.promises.lookup(host, { all: true, verbatim: true });
    const hosts = [...new Set(found.map(({ address }) => address))];
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#bindAll(hosts, port);
      } catch (error) {
        await this.#release();
        const code = (error as NodeJS.ErrnoException).code;
        const again = port === 0 && code === 'EADDRINUSE' && attempt < PORT_ATTEMPTS;
        if (!again) throw error;
      }
    }
  }

  /** What is bound: one entry for each address, or the path. */
  get addresses(): (net.AddressInfo | string)[] {
    return this.#servers.flatMap((server) => server.address() ?? []);
  }

  /** Stops accepting. Resolves when nothing is bound any more; connections that Node still holds must be closed. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#release();
  }

  async #bindAll(hosts: readonly string[], wanted: number): Promise<void> {
    let port = wanted;
    let missing: unknown;
    for (const host of hosts) {
      try {
        // "::" takes IPv4 as well, unless 0.0.0.0 has a server of its own.
        const server = await this.#bind({ host, port, ipv6Only: hosts.length > 1 });
        port = (server.address() as net.AddressInfo).port;
      } catch (error) {
        if (!NO_SUCH_ADDRESS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
        missing = error;
      }
    }
    if (this.#servers.length === 0) throw missing;
  }

  async #listenUnix(path: string): Promise<void> {
    try {
      await this.#bind({ path });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await removeStale(path);
      await this.#bind({ path });
    }
  }

  async #bind(where: net.ListenOptions): Promise<net.Server> {
    const { backlog, connection, trouble } = this.#options;
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, connection);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...where, backlog }, () => {
        server.off('error', reject).on('error', trouble);
        resolve();
      });
    });
    this.#servers.push(server);
    if (this.#closed) {
      await this.#release();
      throw flumenError('ERR_FLUMEN_CLOSED', 'listen: the end point has been closed');
    }
    return server;
  }

  async #release(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}
