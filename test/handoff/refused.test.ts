import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { handOff } from '../../lib/handoff/index.js';
import { Client, listen, oneRequest, StubTaker, stop } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Expects a refusal with this code and text, and that nobody heard of it otherwise. */
function expectRefused(target: unknown, code: string, text: RegExp): void {
  const taker = new StubTaker();
  let caught: unknown;
  try {
    handOff(target as number, taker);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(TypeError);
  expect(caught).toMatchObject({ code });
  expect((caught as Error).message).toMatch(text);
  expect(taker.handed).toBe(undefined);
}

describe('refused: what is no connection', () => {
  it.each([
    [undefined, 'ERR_FLUMEN_TARGET', /cannot take over undefined/],
    [null, 'ERR_FLUMEN_TARGET', /cannot take over null/],
    ['fd 3', 'ERR_FLUMEN_TARGET', /the string "fd 3"/],
    [() => {}, 'ERR_FLUMEN_TARGET', /a function/],
    [{}, 'ERR_FLUMEN_TARGET', /this Object/],
    [Object.create(null), 'ERR_FLUMEN_TARGET', /this object/],
    [new PassThrough(), 'ERR_FLUMEN_NO_DESCRIPTOR', /this PassThrough: it is a stream without/],
    [
      { hijack() {}, raw: {} },
      'ERR_FLUMEN_TARGET',
      /Fastify reply: call reply\.hijack\(\) and pass reply\.raw/,
    ],
    [new http.IncomingMessage(new net.Socket()), 'ERR_FLUMEN_TARGET', /pass the response/],
    [-1, 'ERR_FLUMEN_BAD_FD', /^-1 is not a file descriptor/],
    [1.5, 'ERR_FLUMEN_BAD_FD', /^1\.5 /],
    [Number.NaN, 'ERR_FLUMEN_BAD_FD', /^NaN /],
    [2 ** 31, 'ERR_FLUMEN_BAD_FD', /^2147483648 /],
  ])('%s', (target, code, text) => {
    expectRefused(target, code, text);
  });
});

describe('refused: a socket', () => {
  it('that was never connected', () => {
    expectRefused(new net.Socket(), 'ERR_FLUMEN_NOT_CONNECTED', /not connected/);
  });

  it('that is connecting', async () => {
    const server = net.createServer();
    const client = new Client(await listen(server));
    undo.push(() => stop(server, client));
    expectRefused(client.socket, 'ERR_FLUMEN_NOT_CONNECTED', /wait for its 'connect'/);
    await once(client.socket, 'connect');
  });

  it('that the app has ended', async () => {
    const server = net.createServer();
    const connection = once(server, 'connection') as Promise<[net.Socket]>;
    const client = new Client(await listen(server));
    undo.push(() => stop(server, client));
    const [socket] = await connection;
    socket.end();
    expectRefused(socket, 'ERR_FLUMEN_ENDED', /end\(\) has been called/);
  });

  it('of an HTTP exchange', async () => {
    const { server, client, req, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    expectRefused(req.socket, 'ERR_FLUMEN_HTTP_SOCKET', /pass the http\.ServerResponse/);
    res.end('fine');
    await client.until('fine');
  });

  it('with TLS, connected or wrapped', async () => {
    const server = net.createServer();
    const connection = once(server, 'connection') as Promise<[net.Socket]>;
    const client = new Client(await listen(server));
    undo.push(() => stop(server, client));
    const [socket] = await connection;
    const secure = new tls.TLSSocket(socket, { isServer: true });
    undo.push(() => secure.destroy());
    expectRefused(secure, 'ERR_FLUMEN_TLS', /terminate TLS in front/);
  });
});

describe('refused: a response', () => {
  it('to HEAD, which the app can still answer', async () => {
    const { server, client, res } = await oneRequest(() => {}, 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    undo.push(() => stop(server, client));
    expectRefused(res, 'ERR_FLUMEN_NO_BODY', /HEAD/);
    res.setHeader('X-After', '1').end();
    const head = await client.until('\r\n\r\n');
    expect(head).toContain('X-After: 1\r\n');
    expect(head).toContain('Connection: keep-alive\r\n');
  });

  it.each([102, 204, 205, 304])('with status %i', async (status) => {
    const { server, client, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    res.statusCode = status;
    expectRefused(res, 'ERR_FLUMEN_NO_BODY', new RegExp(`status ${status}`));
  });

  it('that has been ended', async () => {
    const { server, client, res } = await oneRequest((_req, res) => res.end('x'));
    undo.push(() => stop(server, client));
    expectRefused(res, 'ERR_FLUMEN_ENDED', /end\(\) has been called on it/);
  });

  it('that has been handed over already', async () => {
    const { server, client, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    handOff(res, new StubTaker());
    expectRefused(res, 'ERR_FLUMEN_ENDED', /handed over already/);
  });

  it('of an injected request', async () => {
    const server = http.createServer();
    const [here, there] = duplexPair();
    const seen = once(server, 'request') as Promise<[http.IncomingMessage, http.ServerResponse]>;
    server.emit('connection', here);
    there.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, res] = await seen;
    expectRefused(res, 'ERR_FLUMEN_NO_DESCRIPTOR', /injected/);
    here.destroy();
  });

  it('over HTTP/2, its stream and its socket', async () => {
    const server = http2.createServer();
    const port = await listen(server as unknown as net.Server);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    undo.push(async () => {
      session.destroy();
      server.close();
      await once(server, 'close');
    });
    const request = session.request({ ':path': '/' });
    const [req, res] = (await once(server, 'request')) as [
      http2.Http2ServerRequest,
      http2.Http2ServerResponse,
    ];
    expectRefused(res, 'ERR_FLUMEN_HTTP2', /Http2ServerResponse: an HTTP\/2 connection is shared/);
    expectRefused(res.stream, 'ERR_FLUMEN_HTTP2', /HTTP\/2/);
    expectRefused(req.socket, 'ERR_FLUMEN_HTTP2', /HTTP\/2/);
    res.end('fine');
    expect(String((await once(request, 'data'))[0])).toBe('fine');
  });
});

function duplexPair(): [Duplex, Duplex] {
  const sides: Duplex[] = [];
  for (const other of [1, 0]) {
    sides.push(
      new Duplex({
        read() {},
        write(chunk, _encoding, done) {
          sides[other]!.push(chunk);
          done();
        },
        final(done) {
          sides[other]!.push(null);
          done();
        },
      }),
    );
  }
  return [sides[0]!, sides[1]!];
}
