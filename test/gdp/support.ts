/** The real gdpdepay, and frames by hand. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type net from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface Depayed {
  kind: 'buffer' | 'caps' | 'event' | 'error';
  data?: string;
  flags?: string[];
  pts?: number;
  dts?: number;
  duration?: number;
  offset?: number;
  offset_end?: number;
  caps?: string;
  type?: string;
  structure?: string | null;
  what?: string;
}

const SCRIPT = fileURLToPath(new URL('gdpdepay.py', import.meta.url));

/** A program that asks gdpdepay, and takes half a second to start: one for all streams of a test file. */
class Depayer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();
  #said = '';

  constructor() {
    this.#child = spawn('/usr/bin/python3', [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
    // GLib's warnings, of streams that are meant to be odd, or why it has gone.
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    // It ends with us.
    const { stdin, stdout, stderr } = this.#child;
    for (const handle of [this.#child, stdin, stdout, stderr]) (handle as net.Socket).unref();
  }

  /** One stream after the other. */
  depay(bytes: Uint8Array): Promise<Depayed[]> {
    const asked = this.#last.then(() => this.#ask(bytes));
    this.#last = asked.catch(() => {});
    return asked;
  }

  async #ask(bytes: Uint8Array): Promise<Depayed[]> {
    this.#child.stdin.write(`${bytes.length}\n`);
    this.#child.stdin.write(bytes);
    const out: Depayed[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`gdpdepay has gone: ${this.#said.slice(-2000)}`);
      const line = JSON.parse(value) as Depayed | { kind: 'end' };
      if (line.kind === 'end') return out;
      out.push(line);
    }
  }
}

let depayer: Depayer | undefined;

/** What gdpdepay makes of it, in order; throws when it complains, or the bytes end within a packet. */
export async function depay(bytes: Uint8Array): Promise<Depayed[]> {
  depayer ??= new Depayer();
  const out = await depayer.depay(bytes);
  const error = out.find(({ kind }) => kind === 'error');
  if (error !== undefined) throw new Error(`gdpdepay does not take it: ${error.what}`);
  return out;
}

/** One word for each: what a test compares. */
export function outline(depayed: readonly Depayed[]): string[] {
  return depayed.map(({ kind, type, data, flags }) =>
    kind === 'buffer' ? [data, ...(flags ?? [])].join(' ') : (type ?? kind),
  );
}
