/** A folder below the packed package's, in which the programs of one block run, and the processes that do. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Ports } from './ports.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How long anything that a page shows may take. */
export const PATIENCE_MS = 20_000;

/** The folder that holds the package, installed from its tarball, with express, fastify and ws beside it. */
export function packedApp(): string {
  return execFileSync(process.execPath, ['scripts/packed.mjs'], { cwd: root, encoding: 'utf8' }).trim();
}

export class Running {
  readonly #child: ChildProcess;
  readonly exited: Promise<unknown>;
  /** It and everything that it has left behind have let go of their output. */
  readonly #over: Promise<void>;
  #closed = false;
  /** Both streams, in the order in which they came. */
  said = '';
  #news: () => void = () => {};

  constructor(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv) {
    // A group of its own, so that everything that it starts ends with it.
    this.#child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.said += text;
        this.#news();
      });
    }
    this.exited = once(this.#child, 'exit');
    this.#over = once(this.#child, 'close').then(() => {
      this.#closed = true;
      this.#news();
    });
  }

  /** Undefined while it runs. */
  get exit(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null ? (signalCode ?? undefined) : String(exitCode);
  }

  get failed(): boolean {
    return this.exit !== undefined && this.exit !== '0';
  }

  /** Resolves when it has said `text`, rejects when it ends without. */
  async says(text: string): Promise<void> {
    while (!this.said.includes(text)) {
      if (this.#closed) throw new Error(`it has ended without saying "${text}"`);
      await new Promise<void>((resolve) => {
        this.#news = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    const alive = signalGroup(this.#child.pid!, 'SIGTERM');
    if (!alive) return this.#over;
    const cut = setTimeout(() => signalGroup(this.#child.pid!, 'SIGKILL'), 3_000);
    await this.#over;
    clearTimeout(cut);
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

export class Place implements AsyncDisposable {
  readonly folder: string;
  readonly ports = new Ports();
  readonly running: Running[] = [];
  readonly #env: NodeJS.ProcessEnv;

  constructor(app: string) {
    this.folder = mkdtempSync(join(app, 'run-'));
    const path = `${join(app, 'node_modules/.bin')}:${process.env.PATH}`;
    this.#env = { ...process.env, PATH: path, NODE_OPTIONS: '', NO_COLOR: '1' };
  }

  async write(name: string, text: string): Promise<void> {
    writeFileSync(join(this.folder, name), await this.ports.put(text));
  }

  start(command: string, ...args: string[]): Running {
    const running = new Running(command, args, this.folder, this.#env);
    this.running.push(running);
    return running;
  }

  /** What everything that was started has said, for the message of a failure. */
  get said(): string {
    return this.running.map(({ said }) => said).join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.running.map((running) => running.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
