import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import type net from 'node:net';
import { promisify } from 'node:util';
import express5, { type Express } from 'express';
import express4 from 'express4';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { handOff } from '../../lib/handoff/index.js';
import { CatTaker, Client, listen, nextClose, StubTaker, stop } from './support.js';

type OnFinished = (
  message: http.IncomingMessage | http.ServerResponse,
  done: (error: unknown) => void,
) => void;
// Express's own way to learn that a response is over, found where Express finds it.
const onFinished: OnFinished = createRequire(createRequire(import.meta.url).resolve('express'))(
  'on-finished',
);

const curl = promisify(execFile);
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Lets whatever Node or a framework has put off for "after this" happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate);
}

describe.each([
  ['4', express4 as unknown as typeof express5],
  ['5', express5],
])('Express %s', (_version, express) => {
  async function serve(app: Express) {
    const server = http.createServer(app);
    const port = await listen(server);
    undo.push(() => stop(server));
    return { server, port };
  }

  it('serves a stream with the headers of its middleware; its hooks see a finished response', async () => {
    const taker = new CatTaker();
    undo.push(() => taker.end());
    const app = express();
    const seen: string[] = [];
    app.use((req, res, next) => {
      res.setHeader('Access-Control-Allow-Origin', 'http://app');
      res.cookie('id', 'a b', { httpOnly: true });
      res.cookie('n', '2');
      onFinished(res, (error) => seen.push(error ? `failed: ${error}` : 'on-finished'));
      onFinished(req, (error) => seen.push(error ? `failed: ${error}` : 'request read'));
      req.on('aborted', () => seen.push('aborted'));
      req.on('close', () => seen.push(res.writableEnded ? 'req close, response whole' : 'req close, cut'));
      res.on('close', () => seen.push(res.writableFinished ? 'res close, whole' : 'res close, cut'));
      next();
    });
    app.get('/live', async (_req, res) => {
      await new Promise(setImmediate);
      handOff(res.type('audio/mpeg').set('ICY-Name', 'x'), taker);
    });
    const { port } = await serve(app);
    const fetched = curl('curl', ['-sS', '-i', '--max-time', '20', `http://127.0.0.1:${port}/live`]);
    await taker.settled;
    await settle();
    await taker.end('ABC');
    const { stdout } = await fetched;
    expect(stdout.replace(/Date: .*\r\n/, '')).toBe(
      [
        'HTTP/1.1 200 OK',
        'X-Powered-By: Express',
        'Access-Control-Allow-Origin: http://app',
        'Set-Cookie: id=a%20b; Path=/; HttpOnly',
        'Set-Cookie: n=2; Path=/',
        'Content-Type: audio/mpeg',
        'ICY-Name: x',
        'Connection: close',
        '',
        'ABC',
      ].join('\r\n'),
    );
    expect(seen.sort()).toEqual(
      ['on-finished', 'req close, response whole', 'request read', 'res close, whole'].sort(),
    );
  });

  it('answers a refusal with its own error page, also to the HEAD it derives from a GET route', async () => {
    const app = express();
    const codes: unknown[] = [];
    app.get('/live', (_req, res) => handOff(res, new StubTaker()));
    app.use(((error, _req, res, _next) => {
      codes.push(error.code);
      res.status(500).end('refused');
    }) as express5.ErrorRequestHandler);
    const { port } = await serve(app);
    const { stdout } = await curl('curl', ['-sS', '-I', '--max-time', '20', `http://127.0.0.1:${port}/live`]);
    expect(stdout).toMatch(/^HTTP\/1\.1 500 /);
    expect(codes).toEqual(['ERR_FLUMEN_NO_BODY']);
  });

  it('cannot spoil the stream by an error after the handoff', async () => {
    const taker = new CatTaker();
    undo.push(() => taker.end());
    const app = express();
    app.set('env', 'test');
    app.get('/live', (_req, res) => {
      handOff(res, taker);
      throw new Error('too late');
    });
    const { port } = await serve(app);
    const client = new Client(port);
    client.get('/live');
    await taker.settled;
    await settle();
    await taker.end('ABC');
    await client.closed;
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nABC$/);
  });
});

describe('Fastify 5', () => {
  async function serve(app: FastifyInstance): Promise<number> {
    undo.push(() => app.close());
    await app.listen({ host: '127.0.0.1', port: 0 });
    return (app.server.address() as net.AddressInfo).port;
  }

  it('serves a hijacked reply: onResponse runs, onRequestAbort, onError and onTimeout do not', async () => {
    const taker = new CatTaker();
    undo.push(() => taker.end());
    const app = Fastify({ connectionTimeout: 60_000 });
    const seen: string[] = [];
    app.addHook('onResponse', async () => void seen.push('onResponse'));
    app.addHook('onRequestAbort', async (_request) => void seen.push('onRequestAbort'));
    app.addHook('onError', async () => void seen.push('onError'));
    app.addHook('onTimeout', async () => void seen.push('onTimeout'));
    app.get('/live', async (request, reply) => {
      await new Promise(setImmediate);
      request.raw.on('aborted', () => seen.push('aborted'));
      reply.hijack();
      reply.raw.setHeader('Access-Control-Allow-Origin', '*');
      reply.raw.setHeader('Content-Type', 'audio/ogg');
      handOff(reply.raw, taker);
    });
    const port = await serve(app);
    const client = new Client(port);
    undo.push(() => client.socket.destroy());
    client.get('/live');
    await taker.settled;
    await settle();
    await taker.end('OggS');
    await client.closed;
    expect(client.text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nAccess-Control-Allow-Origin: \*\r\nContent-Type: audio\/ogg\r\nConnection: close\r\nDate: [^\r]+\r\n\r\nOggS$/,
    );
    expect(seen).toEqual(['onResponse']);
  });

  it('still runs onRequestAbort when the client leaves before the handoff', async () => {
    const taker = new StubTaker();
    const app = Fastify();
    const aborted = new Promise<void>((resolve) => {
      app.addHook('onRequestAbort', async (_request) => resolve());
    });
    const vanished = new Promise<Error | undefined>((resolve) => {
      taker.vanished = resolve;
    });
    let client: Client | undefined;
    app.get('/live', async (request, reply) => {
      const closed = nextClose(request.raw.socket);
      client!.socket.end();
      await closed;
      reply.hijack();
      handOff(reply.raw, taker);
    });
    client = new Client(await serve(app));
    client.get('/live');
    await Promise.all([aborted, vanished]);
    expect(taker.handed).toBe(undefined);
  });

  it('refuses an injected request with words', async () => {
    const app = Fastify();
    undo.push(() => app.close());
    let caught: unknown;
    app.get('/live', async (_request, reply) => {
      try {
        handOff(reply.raw, new StubTaker());
      } catch (error) {
        caught = error;
      }
      return 'answered';
    });
    const { body } = await app.inject('/live');
    expect(body).toBe('answered');
    expect(caught).toMatchObject({ name: 'TypeError', code: 'ERR_FLUMEN_NO_DESCRIPTOR' });
  });

  it('refuses a reply that stands in for its raw response', async () => {
    const app = Fastify();
    let caught: unknown;
    app.get('/live', async (_request, reply) => {
      try {
        handOff(reply as never, new StubTaker());
      } catch (error) {
        caught = error;
      }
      return 'answered';
    });
    const client = new Client(await serve(app));
    undo.push(() => client.socket.destroy());
    client.get('/live');
    await client.until('answered');
    expect(caught).toMatchObject({
      code: 'ERR_FLUMEN_TARGET',
      message: expect.stringContaining('reply.raw'),
    });
  });
});

describe('node:http by itself', () => {
  it('reports the response to its diagnostics as finished', async () => {
    const { channel } = await import('node:diagnostics_channel');
    const finish = channel('http.server.response.finish');
    let count = 0;
    const onFinish = () => {
      count++;
    };
    finish.subscribe(onFinish);
    undo.push(() => finish.unsubscribe(onFinish));
    const taker = new CatTaker();
    const server = http.createServer((_req, res) => handOff(res, taker));
    const client = new Client(await listen(server));
    undo.push(
      () => stop(server, client),
      () => taker.end(),
    );
    client.get();
    await once(client.socket, 'data');
    expect(count).toBe(1);
  });
});
