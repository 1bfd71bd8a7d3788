import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { handOff } from '../../lib/handoff/index.js';
import { CatTaker, Client, listen, nextClose, record, StubTaker, stop } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A connection accepted by a net server, with its client. */
async function accepted(options: net.ServerOpts = {}, unixPath?: string) {
  const server = net.createServer(options);
  const port = await listen(server, unixPath);
  const connection = once(server, 'connection') as Promise<[net.Socket]>;
  const client = new Client(unixPath ?? port, { allowHalfOpen: true });
  const [socket] = await connection;
  const taker = new CatTaker();
  undo.push(
    () => stop(server, client),
    () => taker.end(),
    () => socket.destroy(),
  );
  return { server, socket, client, taker };
}

describe('a socket', () => {
  it('is taken at once when nothing waits, and Node forgets it without an error', async () => {
    const { server, socket, client, taker } = await accepted();
    const seen = record({ socket }, ['error', 'close', 'end']);
    const before = socket.eventNames().map((name) => [name, socket.listenerCount(name)]);
    const gone = nextClose(socket);
    handOff(socket, taker);
    expect(taker.events).toEqual(['take']);
    expect(taker.handed).toMatchObject({ head: undefined, prelude: undefined, framing: 'raw' });
    expect(socket.destroyed).toBe(true);
    await gone;
    expect(seen).toEqual(['socket close']);
    expect(socket.eventNames().map((name) => [name, socket.listenerCount(name)])).toEqual(before);
    expect(await new Promise((resolve) => server.getConnections((_error, n) => resolve(n)))).toBe(0);
    taker.write('hello');
    await client.until('hello');
    expect(client.ended).toBe(false);
  });

  it('may be a unix socket', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'handoff-'));
    undo.push(() => fs.rmSync(folder, { recursive: true }));
    const { socket, client, taker } = await accepted({}, path.join(folder, 's'));
    socket.write('first,');
    handOff(socket, taker);
    taker.write('second');
    expect(await client.until('second')).toBe('first,second');
  });

  it('sends corked and unfinished writes first, whole and in order', async () => {
    const { socket, client, taker } = await accepted();
    client.socket.pause();
    const listeners = () => ['error', 'close'].map((name) => socket.listenerCount(name));
    const before = listeners();
    socket.cork();
    socket.cork();
    const parts = ['a', 'b', 'c'].map((letter) => letter.repeat(3 << 20));
    for (const part of parts.slice(0, 2)) socket.write(part);
    // Written when all before has left, just before the handoff would go on.
    const late = 'd'.repeat(3 << 20);
    socket.write(parts[2]!, () => socket.write(late));
    handOff(socket, taker);
    expect(taker.events).toEqual([]);
    client.socket.resume();
    await taker.settled;
    expect(socket.destroyed).toBe(true);
    expect(listeners()).toEqual(before);
    await taker.end('END');
    await client.closedByPeer;
    expect(client.text === `${parts.join('')}${late}END`).toBe(true);
  });

  it('gives away what the peer has sent and nobody has read, unseen by data listeners', async () => {
    const { socket, client, taker } = await accepted();
    const heard: string[] = [];
    socket.on('data', (data) => {
      heard.push(String(data));
      socket.pause();
      if (heard.length === 1) socket.unshift('rest of line 1,');
    });
    client.socket.write('line 1');
    await once(socket, 'data');
    client.socket.write('line 2');
    await new Promise<void>((resolve) => {
      const look = () => (socket.readableLength >= 21 ? resolve() : setImmediate(look));
      look();
    });
    handOff(socket, taker);
    expect(String(taker.handed!.prelude)).toBe('rest of line 1,line 2');
    expect(heard).toEqual(['line 1']);
  });

  it('gives bytes even when the app had asked for text', async () => {
    const { socket, client, taker } = await accepted();
    socket.setEncoding('latin1');
    client.socket.write(Buffer.from([0xff, 0x00, 0xe9]));
    await once(socket, 'readable');
    handOff(socket, taker);
    expect([...taker.handed!.prelude!]).toEqual([0xff, 0x00, 0xe9]);
  });

  it('gets its unread bytes back when the taker fails', async () => {
    const { socket, client } = await accepted();
    client.socket.write('unread');
    await once(socket, 'readable');
    const failing = new StubTaker();
    failing.take = () => {
      throw new Error('no room');
    };
    expect(() => handOff(socket, failing)).toThrow('no room');
    expect(socket.destroyed).toBe(false);
    expect(String(socket.read())).toBe('unread');
    expect(failing.vanishedWith).toBe(undefined);
  });

  it('is destroyed and reported when the taker fails after the caller has gone on', async () => {
    const { socket, client } = await accepted();
    client.socket.pause();
    socket.write('x'.repeat(8 << 20));
    const failing = new StubTaker();
    const reported = new Promise((resolve) => {
      failing.vanished = resolve;
    });
    failing.take = () => {
      throw new Error('no room');
    };
    handOff(socket, failing);
    client.socket.resume();
    expect(await reported).toMatchObject({ message: 'no room' });
    expect(socket.destroyed).toBe(true);
  });

  it('is taken from an upgrade event', async () => {
    const taker = new CatTaker();
    const server = http.createServer();
    const client = new Client(await listen(server));
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    client.get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n');
    const [req, socket] = (await once(server, 'upgrade')) as [http.IncomingMessage, net.Socket];
    const seen = record({ req, socket }, ['aborted', 'error']);
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
    handOff(socket, taker);
    taker.write('raw');
    await client.until('\r\n\r\nraw');
    expect(seen).toEqual([]);
  });

  it('is taken half-open: a client that only listens has sent its FIN', async () => {
    const { socket, client, taker } = await accepted({ allowHalfOpen: true });
    socket.resume();
    client.socket.end();
    await once(socket, 'end');
    handOff(socket, taker);
    expect(taker.events).toEqual(['take']);
    taker.write('still listening');
    await client.until('still listening');
  });
});

describe('a number', () => {
  it('is passed on; the caller keeps the descriptor', () => {
    const fd = fs.openSync('/dev/null', 'w');
    const taker = new StubTaker();
    handOff(fd, taker);
    expect(taker.handed).toEqual({ fd, prelude: undefined, head: undefined, framing: 'raw' });
    fs.closeSync(fd);
  });
});
