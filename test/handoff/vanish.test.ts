import { once } from 'node:events';
import type http from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { handOff } from '../../lib/handoff/index.js';
import { Client, listen, nextClose, oneRequest, record, StubTaker, stop } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A taker that must never get a descriptor; resolves with the error it was given, after handOff() has returned. */
class Expecting extends StubTaker {
  returned = false;
  #resolve: (error: Error | undefined) => void = () => {};
  readonly gone = new Promise<Error | undefined>((resolve) => {
    this.#resolve = resolve;
  });
  override take(): void {
    throw new Error('a lost connection was taken');
  }
  override vanished(error?: Error): void {
    if (!this.returned) throw new Error('vanished() ran inside handOff()');
    this.#resolve(error);
  }
}

function handOffLost(target: net.Socket | http.ServerResponse): Promise<Error | undefined> {
  const taker = new Expecting();
  handOff(target, taker);
  taker.returned = true;
  return taker.gone;
}

async function accepted(options: net.ServerOpts = {}) {
  const server = net.createServer(options);
  const connection = once(server, 'connection') as Promise<[net.Socket]>;
  const client = new Client(await listen(server), { allowHalfOpen: true });
  const [socket] = await connection;
  undo.push(
    () => stop(server, client),
    () => socket.destroy(),
  );
  return { server, client, socket };
}

describe('a socket that is gone when its turn comes', () => {
  it('was closed by a peer without half-open connections', async () => {
    const { socket, client } = await accepted();
    socket.resume();
    client.socket.end();
    await once(socket, 'end');
    expect(await handOffLost(socket)).toBe(undefined);
  });

  it('was reset', async () => {
    const { socket, client } = await accepted();
    socket.on('error', () => {});
    socket.resume();
    const gone = nextClose(socket);
    client.socket.resetAndDestroy();
    await gone;
    expect(await handOffLost(socket)).toMatchObject({ code: 'ECONNRESET' });
  });

  it('was destroyed by the app', async () => {
    const { socket } = await accepted();
    const closed = nextClose(socket);
    socket.destroy();
    expect(await handOffLost(socket)).toBe(undefined);
    await closed;
    expect(await handOffLost(socket)).toBe(undefined);
  });

  it('has failed in this very tick: its error does not end the process', async () => {
    const { socket } = await accepted();
    const closed = nextClose(socket);
    socket.destroy(new Error('of the app'));
    expect(await handOffLost(socket)).toMatchObject({ message: 'of the app' });
    await closed;
    expect(socket.listenerCount('error')).toBe(0);
  });
});

describe('a socket that is lost while its last writes leave', () => {
  async function filled(options: net.ServerOpts = {}) {
    const all = await accepted(options);
    all.client.socket.pause();
    all.socket.write('x'.repeat(16 << 20));
    return all;
  }

  it('by a reset: the error is reported, none is unhandled, no listener stays', async () => {
    const { socket, client } = await filled();
    const before = ['error', 'close'].map((name) => socket.listenerCount(name));
    const gone = handOffLost(socket);
    const closed = nextClose(socket);
    client.socket.resetAndDestroy();
    expect(['ECONNRESET', 'EPIPE']).toContain(((await gone) as NodeJS.ErrnoException | undefined)?.code);
    await closed;
    expect(['error', 'close'].map((name) => socket.listenerCount(name))).toEqual(before);
  });

  it('by destroy()', async () => {
    const { socket } = await filled();
    const gone = handOffLost(socket);
    socket.destroy();
    expect(await gone).toBe(undefined);
  });

  it('by the FIN of a peer without half-open connections: what was written still arrives', async () => {
    const { socket, client } = await filled();
    socket.resume();
    const gone = handOffLost(socket);
    client.socket.end();
    await once(socket, 'end');
    client.socket.resume();
    expect(await gone).toBe(undefined);
    await client.closed;
    expect(client.text.length).toBe(16 << 20);
    expect(client.error).toBe(undefined);
  });
});

describe('a response whose client leaves during an async hook', () => {
  it.each([
    ['FIN', (client: Client) => client.socket.end()],
    ['reset', (client: Client) => client.socket.resetAndDestroy()],
  ])('vanishes (%s), and the request is aborted as ever', async (_name, leave) => {
    const { server, client, req, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    const seen = record({ req }, ['aborted']);
    req.on('error', () => {});
    const closed = nextClose(req.socket);
    leave(client);
    await closed;
    await handOffLost(res);
    expect(seen).toEqual(['req aborted']);
  });

  it('vanishes when Node has answered the FIN and not yet closed', async () => {
    const { server, client, req, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    client.socket.end();
    await once(req.socket, 'end');
    expect(req.socket.destroyed).toBe(false);
    expect(await handOffLost(res)).toBe(undefined);
  });

  it('is taken when the server keeps half-open connections', async () => {
    const { server, client, req, res } = await oneRequest(() => {});
    (server as http.Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
    undo.push(() => stop(server, client));
    client.socket.end();
    await once(req.socket, 'end');
    const taker = new StubTaker();
    handOff(res, taker);
    expect(taker.handed).toMatchObject({ framing: 'raw' });
  });
});

describe('a response that is lost while its first writes leave', () => {
  it.each([
    ['reset', (client: Client) => client.socket.resetAndDestroy()],
    ['destroyed', (_client: Client, res: http.ServerResponse) => res.destroy()],
  ])('vanishes (%s)', async (_name, lose) => {
    const { server, client, res } = await oneRequest((_req, res) => {
      res.on('error', () => {});
    });
    undo.push(() => stop(server, client));
    client.socket.pause();
    res.write('x'.repeat(16 << 20));
    const gone = handOffLost(res);
    lose(client, res);
    await gone;
  });

  it('vanishes when the app ends it meanwhile: the client gets that whole response', async () => {
    const { server, client, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    client.socket.pause();
    res.write('x'.repeat(16 << 20));
    const gone = handOffLost(res);
    res.end('THE END');
    client.socket.resume();
    expect(await gone).toBe(undefined);
    expect(await client.until((text) => text.endsWith('0\r\n\r\n'))).toContain('THE END');
  });
});
