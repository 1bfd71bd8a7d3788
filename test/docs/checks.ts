/** What `run=CHECK` stands for: how a reader would see that the block does what its page says. */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { PATIENCE_MS, type Place } from './place.js';

type Check = (place: Place, argument: string) => Promise<void>;

/** By the word before the colon; what comes behind it is the argument. */
export const CHECKS: Readonly<Record<string, Check>> = {
  // GET:/path: the first port of the block answers 200 and a body that begins to come.
  async GET(place, path) {
    await retried(place, async () => {
      const response = await fetch(`http://127.0.0.1:${place.ports.of()}${path}`, {
        headers: { Connection: 'close' },
      });
      try {
        if (response.status !== 200) throw new Error(`${path} is answered ${response.status}`);
        const { value } = await response.body!.getReader().read();
        if (!value?.length) throw new Error(`${path} has no body`);
      } finally {
        // Else the connection would stay until the garbage collector comes by.
        await response.body?.cancel().catch(() => {});
      }
    });
  },

  // events:/path: an event stream that has an event.
  async events(place, path) {
    await retried(place, async () => {
      const text = await firstBytes(place.ports.of(), `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, /\n\n/);
      if (!/^content-type: text\/event-stream/im.test(text)) throw new Error(`no event stream: ${text}`);
    });
  },

  // tcp:port: whoever connects there is sent something.
  async tcp(place, port) {
    await retried(place, () => firstBytes(place.ports.of(port), '', /./s));
  },

  // ws:/path: a WebSocket that gets a message.
  async ws(place, path) {
    await retried(place, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${place.ports.of()}${path}`);
      try {
        const [data] = await once(socket, 'message');
        if ((data as Buffer).length === 0) throw new Error('an empty message');
      } finally {
        socket.on('error', () => {}).terminate();
      }
    });
  },

  // says:word: one of the programs prints it ("+" stands for a space).
  async says(place, words) {
    const text = words.replaceAll('+', ' ');
    await Promise.any(place.running.map((running) => running.says(text))).catch(() => {
      throw new Error(`all have ended without saying "${text}"`);
    });
  },
};

/** Programs that have only just been started are not there yet, and nobody could tell when they are. */
async function retried(place: Place, attempt: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + PATIENCE_MS / 2;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      const failed = place.running.some((running) => running.failed);
      if (failed || performance.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** What a peer sends until it matches `pattern`. */
async function firstBytes(port: number, request: string, pattern: RegExp): Promise<string> {
  const socket = net.connect(port, '127.0.0.1').setEncoding('latin1');
  try {
    socket.write(request);
    let text = '';
    for await (const data of socket) {
      text += data;
      if (pattern.test(text)) return text;
    }
    throw new Error(`port ${port}: the connection ended after "${text}"`);
  } finally {
    socket.destroy();
  }
}
