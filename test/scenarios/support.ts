/**
 * What the scenarios share: receivers of three kinds behind one face, labelled frames, and a barrier that says when a
 * loop has done everything it was told. One loop only, so that one barrier speaks for all.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { configure, type FrameInfo, type MultiHandleSink } from '../../lib/index.js';
import type { ClientRemoved } from '../../lib/sink/client.js';
import { fifo, type Pair, reader, tcpPair } from '../sink/support.js';

configure({ loops: 1 });

export const KEY: FrameInfo = {};
export const DELTA: FrameInfo = { keyframe: false };

/** 16 bytes: "deadbee", the number in hexadecimal, NUL. */
export function label(i: number): string {
  return `deadbee${i.toString(16).padStart(8, '0')}\0`;
}

export function labels(...numbers: number[]): string {
  return numbers.map(label).join('');
}

/** 4096 bytes, all of one frame. */
export function page(i: number): string {
  return label(i).repeat(256);
}

/** 262 144 bytes, more than any pipe holds. */
export function big(i: number): string {
  return label(i).repeat(16_384);
}

/** The numbers of the labels that begin each `size` bytes of `text`. */
export function numbersIn(text: string, size = 16): number[] {
  const found: number[] = [];
  for (let at = 0; at < text.length; at += size) {
    found.push(Number.parseInt(text.slice(at + 7, at + 15), 16));
    if (text.slice(at, at + size) !== label(found.at(-1) as number).repeat(size / 16)) {
      throw new Error(`torn frame at byte ${at}`);
    }
  }
  return found;
}

/** One receiver. Nothing is read before the first until() or all(), and from then on everything at once. */
export interface Receiver {
  /** For sink.add(). */
  target: net.Socket | number;
  /** The first `count` bytes and whatever came with them, once they are there. */
  until(count: number): Promise<string>;
  /** Everything, once the sink has closed its end. */
  all(): Promise<string>;
  /** The receiver goes. */
  leave(): void;
}

export type Kind = 'fifo' | 'unix' | 'tcp';

export async function receiver(kind: Kind): Promise<Receiver> {
  if (kind === 'fifo') return pipeReceiver();
  const { near, far } = kind === 'tcp' ? await tcpPair() : await unixPair();
  return facing(near, () => far);
}

export interface PipeReceiver extends Receiver {
  /** Reads one frame of 4096 bytes out of the pipe, and nothing else; before until() and all(). */
  takePage(): string;
  close(): void;
}

/** A FIFO; `pages` of 4096 bytes are all that it takes while nobody reads. */
export function pipeReceiver(pages?: number): PipeReceiver {
  const pipe = fifo();
  if (pages !== undefined) setPipeSize(pipe.write, pages * 4096);
  let socket: net.Socket | undefined;
  const far = (): net.Socket => {
    // The sink has its own copy; with ours open there would be no end of the stream.
    fs.closeSync(pipe.write);
    socket = new net.Socket({ fd: pipe.read, readable: true, writable: false });
    return socket;
  };
  const face = facing(pipe.write, far);
  return {
    ...face,
    takePage: () => {
      const bytes = Buffer.alloc(4096);
      return bytes.toString('latin1', 0, fs.readSync(pipe.read, bytes));
    },
    close: () => (socket === undefined ? pipe.close() : socket.destroy()),
  };
}

function facing(target: net.Socket | number, open: () => net.Socket): Receiver {
  let far: net.Socket | undefined;
  let got: ReturnType<typeof reader> | undefined;
  const start = (): ReturnType<typeof reader> => {
    far ??= open();
    got ??= reader(far);
    return got;
  };
  return {
    target,
    until: (count) => start().until(count),
    all: async () => {
      const { text, error } = await start().all();
      if (error) throw error;
      return text;
    },
    leave: () => {
      far ??= open();
      far.destroy();
    },
  };
}

/** Two ends of a unix stream connection. */
export async function unixPair(): Promise<Pair> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flumen-'));
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(path.join(folder, 'socket'));
  await once(server, 'listening');
  const far = net.connect({ path: path.join(folder, 'socket'), allowHalfOpen: true });
  const [[near]] = await Promise.all([once(server, 'connection'), once(far, 'connect')]);
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
  return { near: near as net.Socket, far };
}

// Node has no fcntl: a child does it, on the descriptor it inherits as 3.
function setPipeSize(fd: number, bytes: number): void {
  const program = `import fcntl; assert fcntl.fcntl(3, 1031, ${bytes}) == ${bytes}`; // F_SETPIPE_SZ
  execFileSync('python3', ['-c', program], { stdio: ['ignore', 'ignore', 'inherit', fd] });
}

/**
 * Resolves when the loop has done all that the sink was told before, its figures published: a client that is added and
 * removed goes through the same queue, in order, and its record comes out after that turn's work.
 */
export async function settled(sink: MultiHandleSink): Promise<void> {
  const pipe = fifo();
  const client = sink.add(pipe.write, { tag: 'barrier', syncMethod: 'latest' });
  const removed = removalOf(sink, client);
  sink.remove(client);
  await removed;
  pipe.close();
}

/** The removal of one client; what happens to others does not matter. */
export function removalOf(sink: MultiHandleSink, client: ClientRemoved['client']): Promise<ClientRemoved> {
  return new Promise((resolve) => {
    const listen = (removed: ClientRemoved): void => {
      if (removed.client !== client) return;
      sink.off('client-removed', listen);
      resolve(removed);
    };
    sink.on('client-removed', listen);
  });
}

/** Pushes frames one by one, each with a barrier behind it: every one is judged on its own. */
export async function pushEach(
  sink: MultiHandleSink,
  frames: [data: string, info: FrameInfo][],
): Promise<void> {
  for (const [data, info] of frames) {
    sink.push(data, info);
    await settled(sink);
  }
}
