// What happens to the server while it streams: each kind of trouble at random times, about every so many seconds.
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** The file that soak_shim.c shares with us: chances of a send in millionths, and how often each has been done. */
export class SendFaults {
  static #kinds = ['EAGAIN', 'partial', 'ENOBUFS', 'ENOMEM', 'EINTR'];
  #folder = mkdtempSync(join(tmpdir(), 'soak-'));
  #fd;
  file = join(this.#folder, 'faults');

  constructor() {
    writeFileSync(this.file, Buffer.alloc(4096));
    this.#fd = openSync(this.file, 'r+');
  }

  set(...millionths) {
    const chances = Buffer.alloc(20);
    millionths.forEach((value, kind) => {
      chances.writeUInt32LE(value, 4 * kind);
    });
    writeSync(this.#fd, chances, 0, chances.length, 0);
  }

  get done() {
    const bytes = readFileSync(this.file);
    return Object.fromEntries(
      SendFaults.#kinds.map((kind, i) => [kind, Number(bytes.readBigUInt64LE(32 + 8 * i))]),
    );
  }

  remove() {
    rmSync(this.#folder, { recursive: true });
  }
}

const any = (list) => list[Math.floor(Math.random() * list.length)];
const coin = () => Math.random() < 0.5;

export class Faults {
  #stop = new AbortController();
  #running = [];
  #parts;
  counts = {};

  /** `parts`: server, crowd's places, sources, sends (a SendFaults, or none), password. `pace`: 1, or less for a short run. */
  constructor(parts, pace) {
    this.#parts = parts;
    const { sources, server, sends } = parts;
    const every = (name, seconds, act) => this.#running.push(this.#repeat(name, seconds * pace, act));
    every('sourceCuts', 5, () => any(sources).cut({ reset: coin(), inUnit: coin() }));
    every('limitChanges', 7, () => server.ask('limits'));
    every('headerChanges', 6, () => server.ask('headers'));
    every('appRestarts', 20, () => server.ask('appRestart'));
    every('titles', 4, () => this.#title());
    every('reloads', 60, () => server.ask('reload', { path: parts.reloaded }));
    every('noDescriptors', 45, () => this.#noDescriptors(1500 * Math.min(1, 4 * pace)));
    if (sends === undefined) return;
    every('sendFaults', 12, async () => {
      sends.set(20_000, 20_000, 60, 60, 5_000);
      await this.#wait(3000);
      sends.set(0, 0, 0, 0, 0);
    });
  }

  async #repeat(name, seconds, act) {
    this.counts[name] = 0;
    for (;;) {
      await this.#wait(seconds * 1000 * (0.5 + Math.random()));
      if (this.#stop.signal.aborted) return;
      await act();
      this.counts[name]++;
    }
  }

  #wait(ms) {
    return setTimeout(ms, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  async #title() {
    const { server, password, mounts } = this.#parts;
    const query = new URLSearchParams({ mode: 'updinfo', mount: any(mounts), song: `Song ${Math.random()}` });
    const url = `http://127.0.0.1:${server.port}/admin/metadata?${query}`;
    const authorization = `Basic ${Buffer.from(`source:${password}`).toString('base64')}`;
    // The mount may be gone just now, and the server without a descriptor: both are answers.
    const answer = await fetch(url, { headers: { authorization, connection: 'close' } }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer().catch(() => {});
  }

  /** EMFILE: from now on nothing can be opened, and then it can. */
  async #noDescriptors(ms) {
    const { server } = this.#parts;
    const usual = server.fileLimit;
    server.fileLimit = 64;
    await this.#wait(ms);
    server.fileLimit = usual;
  }

  /** No more of it; what was changed for a while is as it was. */
  async stop() {
    this.#stop.abort();
    await Promise.all(this.#running);
  }
}
