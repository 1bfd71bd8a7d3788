/**
 * Free ports in place of those that a page names, so that its blocks run beside each other and beside whatever this
 * machine serves. They lie below the range that the kernel gives out by itself: nobody else takes one meanwhile.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';

/** A port that pages use, where nothing but a port can stand: 5000 may be anything. */
const NAMED = /(?<=[\w\]]:|port[=:] ?|listen\(|127\.0\.0\.1 )(8000|8001|4953|500\d)\b/g;
const FIRST = 20_000;
const COUNT = 10_000;
let next = Math.floor(Math.random() * COUNT);

export class Ports {
  readonly #given = new Map<string, number>();

  /** Puts free ports into `text`; the same name gets the same port every time. */
  async put(text: string): Promise<string> {
    for (const [name] of text.matchAll(NAMED)) {
      if (!this.#given.has(name)) this.#given.set(name, await freePort());
    }
    return text.replace(NAMED, (name) => String(this.#given.get(name)));
  }

  /** The port in place of `name`; without a name, of the first that was named. */
  of(name?: string): number {
    const port = name === undefined ? this.#given.values().next().value : this.#given.get(name);
    if (port === undefined) throw new Error(`the block names no port ${name ?? ''}`);
    return port;
  }

  /** Those that somebody listens on. */
  listening(): number[] {
    const open = openPorts();
    return [...this.#given.values()].filter((port) => open.has(port));
  }
}

async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    next = (next + 1) % COUNT;
    const port = FIRST + next;
    const server = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + COUNT} is free`);
}

/** Looked up rather than dialled: a server that takes one peer would take the test for it. */
function openPorts(): Set<number> {
  const open = new Set<number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const [, port] of readFileSync(table, 'utf8').matchAll(/^ *\d+: \w+:(\w{4}) \w+:\w{4} 0A /gm)) {
      open.add(Number.parseInt(port!, 16));
    }
  }
  return open;
}
