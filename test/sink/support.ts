/** Real descriptors for the tests of sinks and sources: TCP pairs, FIFOs, files. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { MultiHandleSink } from '../../lib/index.js';
import type { ClientRemoved } from '../../lib/sink/client.js';

export interface Pair {
  /** The end that is handed over. */
  near: net.Socket;
  /** The receiver (or encoder) on the other side; paused until somebody reads. */
  far: net.Socket;
}

/** Two ends of a loopback TCP connection. */
export async function tcpPair(): Promise<Pair> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const far = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [[near]] = await Promise.all([once(server, 'connection'), once(far, 'connect')]);
  server.close();
  return { near: near as net.Socket, far };
}

/** Collects what arrives; `until(n)` resolves with the first n bytes, `all()` at the end of the stream. */
export function reader(socket: net.Socket) {
  // Joined only when asked for: many small pieces of a long stream would be copied over and over.
  const chunks: Buffer[] = [];
  let length = 0;
  let wake = (): void => {};
  let ended = false;
  let failure: Error | undefined;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    wake();
  });
  const over = (error?: unknown): void => {
    if (error instanceof Error) failure = error;
    ended = true;
    wake();
  };
  socket.on('end', over).on('close', over).on('error', over);
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return {
    async until(count: number): Promise<string> {
      while (length < count && !ended) await next();
      return Buffer.concat(chunks).toString('latin1');
    },
    async all(): Promise<{ text: string; error: Error | undefined }> {
      while (!ended) await next();
      return { text: Buffer.concat(chunks).toString('latin1'), error: failure };
    },
  };
}

/** Takes ICY metadata out of a body; each title with the number of media bytes before it. */
export function icyParts(body: string, interval: number): { media: string; titles: [number, string][] } {
  let media = '';
  const titles: [number, string][] = [];
  for (let at = 0; ; ) {
    media += body.slice(at, at + interval);
    at += interval;
    if (at >= body.length) return { media, titles };
    const size = body.charCodeAt(at) * 16;
    titles.push([media.length, body.slice(at + 1, at + 1 + size).replace(/\0+$/, '')]);
    at += 1 + size;
  }
}

/** The next client that leaves. */
export async function nextRemoved(sink: MultiHandleSink): Promise<ClientRemoved> {
  const [removed] = (await once(sink, 'client-removed')) as [ClientRemoved];
  return removed;
}

/** A FIFO with both ends open: [read end, write end, close both]. */
export function fifo(): { read: number; write: number; close: () => void } {
  const name = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'flumen-')), 'fifo');
  execFileSync('mkfifo', [name]);
  const read = fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const write = fs.openSync(name, fs.constants.O_WRONLY);
  fs.rmSync(path.dirname(name), { recursive: true });
  return {
    read,
    write,
    close: () => {
      fs.closeSync(read);
      fs.closeSync(write);
    },
  };
}

/** A fresh temporary file: its path, removed by `remove`. */
export function scratchFile(): { name: string; remove: () => void } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flumen-'));
  return {
    name: path.join(folder, 'file'),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}
