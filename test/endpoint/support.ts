/** What the tests of end points share: real peers on loopback, and events that can be waited for. */
import dns from 'node:dns';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import { later } from '../server/support.js';
import { reader } from '../sink/support.js';

/** A path in a fresh folder that is removed after the test. */
export function scratch(name = 'socket'): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flumen-'));
  later(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, name);
}

export interface Dialled {
  socket: net.Socket;
  /** Its own; the socket forgets it when it is closed. */
  port: number | undefined;
  got: ReturnType<typeof reader>;
}

/** A connected peer that reads everything. */
export async function dial(where: number | string | net.TcpNetConnectOpts): Promise<Dialled> {
  const socket = net.connect({
    ...(typeof where === 'number'
      ? { port: where, host: '127.0.0.1' }
      : typeof where === 'string'
        ? { path: where }
        : where),
    allowHalfOpen: true,
  } as net.NetConnectOpts);
  later(() => socket.destroy());
  await once(socket, 'connect');
  return { socket, port: socket.localPort, got: reader(socket) };
}

/** A server of other people: counts connections and hands them out in the order in which they come. */
export class Accepting {
  readonly server = net.createServer({ allowHalfOpen: true });
  readonly #come: Dialled[] = [];
  readonly #news = new EventEmitter();
  #taken = 0;

  constructor() {
    this.server.on('connection', (socket) => {
      later(() => socket.destroy());
      socket.on('error', () => {});
      this.#come.push({ socket, port: socket.localPort, got: reader(socket) });
      this.#news.emit('news');
    });
    later(() => this.server.close());
  }

  async listen(options: net.ListenOptions = { port: 0, host: '127.0.0.1' }): Promise<number> {
    this.server.listen(options);
    await once(this.server, 'listening');
    return (this.server.address() as net.AddressInfo).port;
  }

  /** The next connection that has not been given out. */
  async next(): Promise<Dialled> {
    while (this.#come.length === this.#taken) await once(this.#news, 'news');
    this.#taken += 1;
    return this.#come[this.#taken - 1] as Dialled;
  }
}

/** Makes names stand for several addresses: a machine's own table of hosts is not ours to change. */
export function pretend(addresses: Record<string, string[]>): void {
  const known = (name: string) => addresses[name]?.map((address) => ({ address, family: net.isIP(address) }));
  const { lookup } = dns;
  const promised = dns.promises.lookup;
  const spies = [
    vi.spyOn(dns, 'lookup').mockImplementation(((
      name: string,
      options: object,
      done: (...args: unknown[]) => void,
    ) => {
      const found = known(name);
      if (found === undefined) lookup(name, options, done as never);
      else process.nextTick(done, null, found);
    }) as never),
    vi.spyOn(dns.promises, 'lookup').mockImplementation((async (name: string, options: object) => {
      return known(name) ?? promised(name, options);
    }) as never),
  ];
  later(() => {
    for (const spy of spies) spy.mockRestore();
  });
}

/** A port that nobody listens on, at least for now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
