import { once } from 'node:events';
import type http from 'node:http';
import { finished } from 'node:stream/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { handOff } from '../../lib/handoff/index.js';
import {
  CatTaker,
  dechunk,
  makeHandedOver,
  nextClose,
  oneRequest,
  record,
  StubTaker,
  stop,
} from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const handedOver = makeHandedOver(undo);

describe('the head of a response that Node has not begun', () => {
  it('carries what the app has set, with its case and its repeated lines', async () => {
    const { taker, client } = await handedOver((res) => {
      res.statusCode = 201;
      res.statusMessage = 'Made Up';
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('X-mIxEd', 'Yes');
      res.setHeader('Set-Cookie', ['a=1', 'b=2; Path=/']);
      res.setHeader('icy-name', 'R\u00e4dio');
    });
    await taker.end('BODY');
    await client.closed;
    const [head, body] = client.text.split('\r\n\r\n');
    const [status, ...lines] = head!.split('\r\n');
    expect(status).toBe('HTTP/1.1 201 Made Up');
    expect(lines.filter((line) => !line.startsWith('Date: '))).toEqual([
      'Access-Control-Allow-Origin: *',
      'X-mIxEd: Yes',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2; Path=/',
      'icy-name: R\u00e4dio',
      'Connection: close',
    ]);
    expect(lines.filter((line) => /^Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/.test(line))).toHaveLength(1);
    expect(body).toBe('BODY');
    expect(taker.handed).toMatchObject({ framing: 'raw', prelude: undefined });
  });

  it('announces no length, no chunks and no second request, whatever the app had set', async () => {
    const { taker } = await handedOver((res) => {
      res.setHeader('Content-Length', 5);
      res.setHeader('Transfer-Encoding', 'chunked');
      res.setHeader('Connection', 'keep-alive');
      res.setHeader('Keep-Alive', 'timeout=5');
      res.setHeader('Trailer', 'X-End');
    });
    expect(taker.head).toMatch(/^HTTP\/1\.1 200 OK\r\nConnection: close\r\nDate: [^\r]+\r\n\r\n$/);
    expect(taker.handed!.framing).toBe('raw');
  });

  it('has no Date when the app does not want one', async () => {
    const { taker } = await handedOver((res) => {
      res.sendDate = false;
    });
    expect(taker.head).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
  });

  it('keeps what middleware adds by wrapping writeHead, except a coding the body never gets', async () => {
    const { taker } = await handedOver((res) => {
      const original = res.writeHead;
      res.writeHead = ((...args: [number]) => {
        res.setHeader('Set-Cookie', 'session=1');
        res.setHeader('Content-Encoding', 'gzip');
        res.writeHead = original;
        return res.writeHead(...args);
      }) as typeof res.writeHead;
    });
    expect(taker.head).toContain('\r\nSet-Cookie: session=1\r\n');
    expect(taker.head).not.toMatch(/content-encoding/i);
  });

  it('keeps a coding that the app itself has announced', async () => {
    const { taker } = await handedOver((res) => res.setHeader('Content-Encoding', 'gzip'));
    expect(taker.head).toContain('\r\nContent-Encoding: gzip\r\n');
  });

  it('is the same for an HTTP/1.0 client', async () => {
    const { taker } = await handedOver(() => {}, 'GET / HTTP/1.0\r\n\r\n');
    expect(taker.head).toMatch(/^HTTP\/1\.1 200 OK\r\nConnection: close\r\n/);
    expect(taker.handed!.framing).toBe('raw');
  });
});

describe('a head that the app has written itself', () => {
  it('goes out first when it still waits in the response, and decides the framing', async () => {
    const { taker, client } = await handedOver((res) => res.writeHead(200, { 'X-App': '1' }));
    expect(taker.head).toContain('X-App: 1\r\n');
    expect(taker.head).toContain('Transfer-Encoding: chunked\r\n');
    expect(taker.handed!.framing).toBe('chunked');
    await taker.end('2\r\nhi\r\n0\r\n\r\n');
    await client.closed;
    expect(client.text.endsWith('\r\n\r\n2\r\nhi\r\n0\r\n\r\n')).toBe(true);
  });

  it('is not repeated when Node has sent it', async () => {
    const { taker, client } = await handedOver((res) => res.flushHeaders());
    await taker.settled;
    expect(taker.handed).toMatchObject({ head: undefined, framing: 'chunked' });
    await taker.end('0\r\n\r\n');
    await client.closed;
    expect(client.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('is raw for an HTTP/1.0 client', async () => {
    const { taker } = await handedOver((res) => res.flushHeaders(), 'GET / HTTP/1.0\r\n\r\n');
    await taker.settled;
    expect(taker.handed).toMatchObject({ head: undefined, framing: 'raw' });
  });

  it.each([
    ['sent', (res: http.ServerResponse) => res.setHeader('Content-Length', 10).flushHeaders()],
    ['waiting', (res: http.ServerResponse) => res.writeHead(200, { 'content-length': '10' })],
  ])('is refused when it promises a length (%s), and the app can go on', async (_name, begin) => {
    let caught: unknown;
    const { client, server } = await oneRequest((_req, res) => {
      begin(res);
      try {
        handOff(res, new StubTaker());
      } catch (error) {
        caught = error;
        res.end('0123456789');
      }
    });
    undo.push(() => stop(server, client));
    expect(await client.until('0123456789')).toMatch(/content-length: 10/i);
    expect(caught).toMatchObject({ name: 'TypeError', code: 'ERR_FLUMEN_CONTENT_LENGTH' });
  });
});

describe('what the app wrote before', () => {
  it('arrives first, corked or not, in the framing of the head', async () => {
    const { taker, client } = await handedOver((res) => {
      res.write('one');
      res.cork();
      res.cork();
      res.write('two');
      res.write('three');
    });
    await taker.settled;
    expect(taker.handed).toMatchObject({ head: undefined, framing: 'chunked' });
    await taker.end('0\r\n\r\n');
    await client.closed;
    const body = client.text.slice(client.text.indexOf('\r\n\r\n') + 4);
    expect(dechunk(body)).toBe('onetwothree');
  });

  it('arrives whole when the client reads late: nothing is taken before the last byte is written', async () => {
    const big = 'x'.repeat(8 << 20);
    let taken = false;
    const taker = new CatTaker();
    const { server, client, res } = await oneRequest((_req, res) => {
      res.write(big);
      handOff(res, taker);
      taken = taker.handed !== undefined;
    });
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    expect(taken).toBe(false);
    expect(res.writableFinished).toBe(false);
    await taker.settled;
    expect(taker.events).toEqual(['take']);
    await taker.end('0\r\n\r\n');
    await client.closed;
    const body = client.text.slice(client.text.indexOf('\r\n\r\n') + 4);
    expect(dechunk(body) === big).toBe(true);
  });
});

describe('what the app sees', () => {
  it('is an ordinary finished response: no abort, no error', async () => {
    const taker = new CatTaker();
    let seen: string[] = [];
    let whole: Promise<void> | undefined;
    let reqClosed: Promise<void> | undefined;
    const order: string[] = [];
    const { server, client, req, res } = await oneRequest((req, res) => {
      const socket = req.socket;
      seen = record({ req, res, socket }, ['aborted', 'error', 'finish', 'close', 'end']);
      res.on('finish', () => order.push(socket.destroyed || socket.writableEnded ? 'ended early' : 'alive'));
      whole = finished(res);
      reqClosed = nextClose(req);
      handOff(res, taker);
      order.push(socket.destroyed ? 'destroyed' : 'alive');
    });
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    await Promise.all([whole, reqClosed]);
    expect(order).toEqual(['alive', 'destroyed']);
    expect(seen).not.toContain('req aborted');
    expect(seen.filter((event) => event.endsWith('error'))).toEqual([]);
    expect(seen.filter((event) => event === 'res finish')).toHaveLength(1);
    expect(seen).toContain('res close');
    expect(seen.indexOf('res finish')).toBeLessThan(seen.indexOf('res close'));
    expect(res).toMatchObject({ headersSent: true, writableEnded: true, writableFinished: true });
    expect(req.errored).toBe(null);
  });

  it('survives a late end() or write() of the app, which the client never sees', async () => {
    const { taker, client, res } = await handedOver(() => {});
    await new Promise(setImmediate);
    const failed = new Promise((resolve) => res.write('late', resolve));
    res.end();
    expect(await failed).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    await taker.end('BODY');
    await client.closed;
    expect(client.text.endsWith('\r\n\r\nBODY')).toBe(true);
  });

  it('is a server without this connection', async () => {
    const { server, client, taker, resClosed } = await handedOver(() => {});
    await resClosed;
    const count = await new Promise((resolve) => server.getConnections((_error, n) => resolve(n)));
    expect(count).toBe(0);
    server.close();
    await once(server, 'close');
    taker.write('still here');
    await client.until('still here');
  });

  it("surfaces the failure of the app's own finish listener as Node would, and keeps the client", async () => {
    const taker = new CatTaker();
    const raised = new Promise((resolve) => process.once('uncaughtException', resolve));
    const others = process.rawListeners('uncaughtException').slice(0, -1) as (() => void)[];
    for (const other of others) process.removeListener('uncaughtException', other);
    undo.push(() => {
      for (const other of others) process.on('uncaughtException', other);
    });
    const { server, client } = await oneRequest((_req, res) => {
      res.on('finish', () => {
        throw new Error('of the app');
      });
      handOff(res, taker);
    });
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    expect(await raised).toMatchObject({ message: 'of the app' });
    taker.write('BODY');
    await client.until('BODY');
  });
});
