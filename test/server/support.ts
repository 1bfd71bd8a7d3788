// What the tests of the server share: a server on a free port, raw requests, child processes that are always ended.

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';
import { createServer, type FlumenServer, type ServerOptions } from '../../lib/index.js';

export const PASSWORD = 'sesame';
export const AUTH = `Authorization: Basic ${Buffer.from(`source:${PASSWORD}`).toString('base64')}`;

const undo: (() => unknown)[] = [];

/** Runs after the test, in reverse order. */
export function later(step: () => unknown): void {
  undo.push(step);
}

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

export interface Running {
  readonly server: FlumenServer;
  readonly port: number;
  readonly url: string;
}

export async function serve(options: Partial<ServerOptions> = {}): Promise<Running> {
  const server = createServer({ sourcePassword: PASSWORD, flushInterval: 20, ...options });
  const { port } = await server.listen({ port: 0 });
  later(() => server.close());
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** A raw connection that keeps everything it is sent. */
export class Peer {
  readonly socket: net.Socket;
  #received: Buffer[] = [];
  #length = 0;
  #wake = () => {};

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => {
      this.#received.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    for (const name of ['end', 'close', 'error']) this.socket.on(name, () => this.#wake());
    later(() => this.socket.destroy());
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#received);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    return this;
  }

  /** Resolves when what has been received satisfies `done`. */
  async until(done: (text: string, length: number) => boolean): Promise<this> {
    while (!done(this.text, this.#length)) {
      if (this.socket.readableEnded || this.socket.destroyed) {
        throw new Error(`the connection ended after ${JSON.stringify(this.text.slice(0, 500))}`);
      }
      await this.#news();
    }
    return this;
  }

  async receives(text: string): Promise<this> {
    return this.until((received) => received.includes(text));
  }

  /** Everything up to the server's FIN or reset. */
  async rest(): Promise<string> {
    while (!this.socket.readableEnded && !this.socket.destroyed) await this.#news();
    return this.text;
  }

  /** Resolves at the next thing that happens. One waiter at a time. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  get body(): Buffer {
    const bytes = this.bytes;
    return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
  }
}

/** Sends lines as a request head and gives the whole answer. */
export function ask(port: number, ...lines: string[]): Promise<string> {
  return new Peer(port).send(`${lines.join('\r\n')}\r\n\r\n`).rest();
}

/** A source that has been let in. */
export async function publish(port: number, path = '/live.mp3', ...lines: string[]): Promise<Peer> {
  const head = [
    `PUT ${path} HTTP/1.1`,
    AUTH,
    'Expect: 100-continue',
    ...(lines.some((line) => line.startsWith('Content-Type:'))
      ? []
      : ['Content-Type: application/octet-stream']),
    ...lines,
  ];
  return new Peer(port).send(`${head.join('\r\n')}\r\n\r\n`).receives('100 Continue\r\n\r\n');
}

/** A listener that has been sent its head. */
export async function listen(port: number, path = '/live.mp3'): Promise<Peer> {
  return new Peer(port).send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).receives('\r\n\r\n');
}

/** Resolves with the arguments of the next `name` event for which `test` holds. */
export function event(
  server: FlumenServer,
  name: string,
  test = (..._: never[]) => true,
): Promise<unknown[]> {
  return new Promise((resolve) => {
    const look = (...args: unknown[]) => {
      if (!test(...(args as never[]))) return;
      server.off(name as never, look as never);
      resolve(args);
    };
    server.on(name as never, look as never);
  });
}

export type Program = ChildProcessByStdio<Writable, Readable, Readable> & {
  readonly output: { stdout: Buffer; stderr: string };
  readonly ended: Promise<number | string>;
  /** Resolves when something is written, and at the end. One waiter at a time. */
  readonly news: () => Promise<void>;
};

/** A child process; killed by its pid after the test if it still runs. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Program {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  const output = { stdout: Buffer.alloc(0), stderr: '' };
  let wake = () => {};
  child.stdout.on('data', (data) => {
    output.stdout = Buffer.concat([output.stdout, data]);
    wake();
  });
  child.stderr.on('data', (data) => {
    output.stderr += data;
    wake();
  });
  const news = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  child.stdin.on('error', () => {});
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      resolve(code ?? signal ?? 'unknown');
      wake();
    });
    child.on('error', (error) => resolve(error.message));
  });
  later(() => kill(child, ended));
  return Object.assign(child, { output, ended, news });
}

async function kill(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
}

/** Resolves when what a program has written satisfies `done`; rejects when it ends before. */
export async function wrote(program: Program, done: (output: Program['output']) => boolean): Promise<void> {
  while (!done(program.output)) {
    const over = program.exitCode !== null || program.signalCode !== null;
    if (over) throw new Error(`${program.spawnfile} ended: ${program.output.stderr}`);
    await program.news();
  }
}
