import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { handOff } from '../../lib/handoff/index.js';
import { CatTaker, Client, listen, makeHandedOver, oneRequest, StubTaker, stop } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const handedOver = makeHandedOver(undo);

describe('the connection', () => {
  it('stays open without a FIN when Node closes its own descriptor', async () => {
    const { taker, client, resClosed } = await handedOver(() => {});
    await resClosed;
    await new Promise(setImmediate);
    for (let i = 0; i < 3; i++) {
      taker.write(`part ${i};`);
      await client.until(`part ${i};`);
    }
    expect(client.ended).toBe(false);
    expect(client.error).toBe(undefined);
  });

  it.each([
    ['before', 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['with Connection: close', 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['HTTP/1.0', 'GET /a HTTP/1.0\r\nHost: x\r\n\r\n'],
  ])('is the same for a client that asked for its end (%s)', async (_name, request) => {
    const { taker, client } = await handedOver((res) => res.flushHeaders(), request);
    await taker.settled;
    await new Promise(setImmediate);
    taker.write('alive');
    await client.until('alive');
    expect(client.ended).toBe(false);
  });

  it.each([
    ['composed by Node', (_res: http.ServerResponse) => {}],
    ['already sent', (res: http.ServerResponse) => res.flushHeaders()],
  ])('carries nothing of a pipelined second response (head %s)', async (_name, begin) => {
    const taker = new CatTaker();
    const server = http.createServer();
    const port = await listen(server);
    const client = new Client(port);
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    const responses: http.ServerResponse[] = [];
    const both = new Promise<void>((resolve) => {
      server.on('request', (_req, res) => {
        responses.push(res);
        if (responses.length === 2) resolve();
      });
    });
    client.socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await both;
    responses[1]!.end('SECOND');
    expect(() => handOff(responses[1]!, taker)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_FLUMEN_ENDED' }),
    );
    begin(responses[0]!);
    handOff(responses[0]!, taker);
    await taker.settled;
    await new Promise(setImmediate);
    await taker.end('FIRST');
    await client.closed;
    expect(client.text).toMatch(/\r\n\r\nFIRST$/);
    expect(client.text).not.toContain('SECOND');
  });

  it('has vanished for a pipelined response whose turn never comes', async () => {
    const taker = new StubTaker();
    const server = http.createServer();
    const client = new Client(await listen(server));
    undo.push(() => stop(server, client));
    const vanished = new Promise<void>((resolve) => {
      taker.vanished = () => resolve();
    });
    server.on('request', (req, res) => {
      if (req.url !== '/2') return;
      handOff(res, taker);
      client.socket.destroy();
    });
    client.socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await vanished;
    expect(taker.handed).toBeUndefined();
  });

  it.each([
    [
      'when it is handed over before',
      (res: http.ServerResponse, hand: () => void) => void (res.socket ?? hand()),
    ],
    [
      'when it is handed over then',
      (res: http.ServerResponse, hand: () => void) => void res.once('socket', hand),
    ],
  ])('is taken for a pipelined response at its turn, %s', async (_name, first) => {
    const taker = new CatTaker();
    const server = http.createServer((req, res) => {
      if (req.url === '/1') setImmediate(() => res.end('FIRST'));
      else first(res, () => handOff(res, taker));
    });
    const client = new Client(await listen(server));
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    client.socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await taker.settled;
    await taker.end('SECOND');
    await client.closed;
    expect(client.text).toMatch(/FIRSTHTTP\/1\.1 200 OK\r\nConnection: close\r\n[\s\S]*\r\n\r\nSECOND$/);
  });

  it('may have carried other requests before, and an unread upload now', async () => {
    const taker = new CatTaker();
    const server = http.createServer();
    const aborted: string[] = [];
    server.on('request', (req, res) => {
      req.on('aborted', () => aborted.push(req.url!));
      if (req.url === '/1') res.end('FIRST');
      else handOff(res, taker);
    });
    const client = new Client(await listen(server));
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    client.get('/1');
    await client.until('FIRST');
    client.socket.write('POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it');
    await taker.settled;
    await new Promise(setImmediate);
    taker.write('SECOND');
    expect(await client.until('SECOND')).toMatch(/FIRSTHTTP\/1\.1 200 OK\r\nConnection: close\r\n/);
    expect(aborted).toEqual([]);
  });

  it('is still usable for an error answer when the taker fails', async () => {
    let caught: unknown;
    const failing = new StubTaker();
    failing.take = () => {
      throw new Error('no room');
    };
    const { client, server } = await oneRequest((_req, res) => {
      res.setHeader('X-App', '1');
      try {
        handOff(res, failing);
      } catch (error) {
        caught = error;
        res.statusCode = 503;
        res.end('later');
      }
    });
    undo.push(() => stop(server, client));
    await client.until('later');
    expect(client.text).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nX-App: 1\r\n/);
    expect(caught).toMatchObject({ message: 'no room' });
    expect(failing.vanishedWith).toBe(undefined);
  });
});
