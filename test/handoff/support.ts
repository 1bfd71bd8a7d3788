/** Servers, clients and a taker that really duplicates the descriptor, without needing the addon. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { type Handed, handOff, type Taker } from '../../lib/handoff/index.js';

/** Gives the descriptor to a `cat` as its standard output: spawn() duplicates it before it returns. */
export class CatTaker implements Taker {
  handed: Handed | undefined;
  vanishedWith: { error: Error | undefined } | undefined;
  readonly events: string[] = [];
  #child: ChildProcess | undefined;
  #settle: () => void = () => {};
  readonly settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  take(handed: Handed): void {
    this.events.push('take');
    this.handed = { ...handed };
    this.#child = spawn('cat', [], { stdio: ['pipe', handed.fd, 'inherit'] });
    if (handed.head) this.write(handed.head);
    this.#settle();
  }

  vanished(error?: Error): void {
    this.events.push('vanished');
    this.vanishedWith = { error };
    this.#settle();
  }

  get head(): string {
    return Buffer.from(this.handed?.head ?? []).toString('latin1');
  }

  write(bytes: Uint8Array | string): void {
    this.#child!.stdin!.write(bytes);
  }

  /** Ends the child, the last owner of the connection: the peer sees FIN. */
  async end(last: Uint8Array | string = ''): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.stdin!.on('error', () => {});
    child.stdin!.end(last);
    await once(child, 'exit');
  }
}

/** Records calls and keeps nothing alive: the peer sees the connection close when Node's side is destroyed. */
export class StubTaker implements Taker {
  handed: Handed | undefined;
  vanishedWith: { error: Error | undefined } | undefined;
  take(handed: Handed): void {
    this.handed = { ...handed };
  }
  vanished(error?: Error): void {
    this.vanishedWith = { error };
  }
}

export async function listen(server: net.Server, path?: string): Promise<number> {
  if (path) server.listen(path);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return path ? 0 : (server.address() as net.AddressInfo).port;
}

/** A client that collects all it is sent. */
export class Client {
  readonly socket: net.Socket;
  ended = false;
  error: NodeJS.ErrnoException | undefined;
  // Joined only when asked for: many small pieces of a long stream would be copied over and over.
  #pieces: Buffer[] = [];
  #tell: () => void = () => {};
  #news = new Promise<void>((resolve) => {
    this.#tell = resolve;
  });
  /** Node's end of it is over as well. */
  readonly closed: Promise<void>;
  /** The peer has sent FIN, or the connection broke. */
  readonly closedByPeer: Promise<void>;

  constructor(where: number | string, options: { allowHalfOpen?: boolean } = {}) {
    this.socket =
      typeof where === 'number'
        ? net.connect({ port: where, host: '127.0.0.1', ...options })
        : net.connect({ path: where, ...options });
    this.socket.on('data', (data) => {
      this.#pieces.push(data);
      this.#tell();
    });
    this.closedByPeer = new Promise((resolve) => {
      this.socket.on('end', resolve);
      this.socket.on('close', () => resolve());
    });
    this.socket.on('end', () => {
      this.ended = true;
      this.#tell();
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()));
    this.socket.on('close', () => this.#tell());
  }

  get text(): string {
    this.#pieces = [Buffer.concat(this.#pieces)];
    return (this.#pieces[0] as Buffer).toString('latin1');
  }

  /** Resolves when what was received so far satisfies `test`; fails when the connection ends before. */
  async until(test: string | ((text: string) => boolean)): Promise<string> {
    const holds = typeof test === 'string' ? (text: string) => text.includes(test) : test;
    while (!holds(this.text)) {
      if (this.ended || this.socket.destroyed) throw new Error(`the connection ended after: ${this.text}`);
      await this.#news;
      this.#news = new Promise<void>((resolve) => {
        this.#tell = resolve;
      });
    }
    return this.text;
  }

  get(path = '/', headers = ''): void {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  }
}

type Handler = (req: http.IncomingMessage, res: http.ServerResponse) => void;

/** Runs `handler` for one GET and gives everything that took part. */
export async function oneRequest(handler: Handler, request?: string, options: http.ServerOptions = {}) {
  const server = http.createServer(options, handler);
  const port = await listen(server);
  const client = new Client(port);
  const seen = once(server, 'request') as Promise<[http.IncomingMessage, http.ServerResponse]>;
  if (request === undefined) client.get();
  else client.socket.write(request);
  const [req, res] = await seen;
  return { server, port, client, req, res };
}

export async function stop(server: net.Server, ...clients: Client[]): Promise<void> {
  for (const client of clients) client.socket.destroy();
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  if (server instanceof http.Server) server.closeAllConnections();
  await closed;
}

/** Writes down each event of the emitters in the order of their arrival. */
export function record(emitters: Record<string, NodeJS.EventEmitter>, names: string[]): string[] {
  const seen: string[] = [];
  for (const [who, emitter] of Object.entries(emitters)) {
    for (const name of names) emitter.on(name, () => seen.push(`${who} ${name}`));
  }
  return seen;
}

/** Resolves at the next 'close'; to be called before what causes it. An 'error' on the way is not looked at. */
export function nextClose(emitter: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => emitter.once('close', () => resolve()));
}

/** The payload of a complete chunked body; throws at the first byte that does not fit. */
export function dechunk(text: string): string {
  let payload = '';
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]+)\r\n/i.exec(text.slice(at, at + 20));
    if (!line) throw new Error(`no chunk size at ${at}: ${JSON.stringify(text.slice(at, at + 20))}`);
    const size = Number.parseInt(line[1]!, 16);
    const start = at + line[0].length;
    if (text.slice(start + size, start + size + 2) !== '\r\n')
      throw new Error(`no line end after chunk at ${at}`);
    payload += text.slice(start, start + size);
    at = start + size + 2;
    if (size === 0) {
      if (at !== text.length) throw new Error(`${text.length - at} bytes after the last chunk`);
      return payload;
    }
  }
}

/** Makes the function that serves one request with `handler` and hands its response over; `undo` tears it down. */
export function makeHandedOver(undo: (() => unknown)[]) {
  return async function handedOver(handler: (res: http.ServerResponse) => void, request?: string) {
    const taker = new CatTaker();
    let resClosed: Promise<void> | undefined;
    const all = await oneRequest((_req, res) => {
      resClosed = nextClose(res);
      handler(res);
      handOff(res, taker);
    }, request);
    undo.push(
      () => stop(all.server, all.client),
      () => taker.end(),
    );
    return { ...all, taker, resClosed };
  };
}
