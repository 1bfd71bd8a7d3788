/** Dumps of one sink that are under way: each of its shards answers for itself. */

interface Dump {
  title: () => string;
  resolve: (text: string) => void;
  parts: string[];
  missing: number;
}

export class Dumps {
  readonly #ask: (request: number) => number;
  readonly #changed: () => void;
  readonly #open = new Map<number, Dump>();
  #next = 1;

  /** `ask`: puts the question to all shards and says how many there are. `changed`: `waiting` may be another. */
  constructor(ask: (request: number) => number, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Whether somebody waits for a dump. */
  get waiting(): boolean {
    return this.#open.size > 0;
  }

  /** `title` is asked when everything else is there. */
  ask(title: () => string): Promise<string> {
    return new Promise((resolve) => {
      const request = this.#next;
      this.#next = request === 0xffffffff ? 1 : request + 1;
      const missing = this.#ask(request);
      this.#open.set(request, { title, resolve, parts: [], missing });
      if (missing === 0) this.#settle(request);
      this.#changed();
    });
  }

  /** A sinkDump record. */
  answer(records: Float64Array, offset: number, text: string | undefined): void {
    const request = records[offset + 5] as number;
    const dump = this.#open.get(request);
    if (dump === undefined) return;
    dump.parts[records[offset + 2] as number] = text ?? '';
    dump.missing -= 1;
    if (dump.missing === 0) this.#settle(request);
    this.#changed();
  }

  /** The sink has closed: nothing is left to show. */
  close(): void {
    for (const { title, resolve } of this.#open.values()) resolve(title());
    this.#open.clear();
  }

  #settle(request: number): void {
    const { title, resolve, parts } = this.#open.get(request) as Dump;
    this.#open.delete(request);
    resolve([title(), ...parts.map((part, i) => `\nshard ${i + 1} of ${parts.length}: ${part}`)].join('\n'));
  }
}
