/** The whole way: real servers, a real sink, exact bytes at the clients. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import express5 from 'express';
import express4 from 'express4';
import Fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClientRemoved, FdSource, MultiSocketSink } from '../../lib/index.js';
import { Client, dechunk, listen, oneRequest, stop } from './support.js';

const curl = promisify(execFile);
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function makeSink(): MultiSocketSink {
  const sink = new MultiSocketSink();
  undo.push(() => sink.close());
  return sink;
}

async function webServer(handler: http.RequestListener): Promise<number> {
  const server = http.createServer(handler);
  const port = await listen(server);
  undo.push(() => stop(server));
  return port;
}

const body = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

/** curl's view of a stream that is pushed and ended once its client is in. */
async function curlOneStream(sink: MultiSocketSink, url: string): Promise<string> {
  const added = once(sink, 'client-added');
  const fetched = curl('curl', ['-sSNi', '--max-time', '20', url]);
  await added;
  sink.push('one,');
  sink.push(Buffer.from('two,'));
  sink.push('three');
  await sink.end();
  return (await fetched).stdout;
}

describe('sink.add(response)', () => {
  const streamed = /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*X-App: yes\r\n(?:.+\r\n)*\r\none,two,three$/;

  it('serves node:http', async () => {
    const sink = makeSink();
    const port = await webServer((_req, res) => void sink.add(res.setHeader('X-App', 'yes')));
    expect(await curlOneStream(sink, `http://127.0.0.1:${port}/`)).toMatch(streamed);
  });

  it.each([
    ['4', express4 as unknown as typeof express5],
    ['5', express5],
  ])('serves Express %s', async (_version, express) => {
    const sink = makeSink();
    const app = express();
    app.get('/', async (_req, res) => {
      await new Promise(setImmediate);
      sink.add(res.set('X-App', 'yes'));
    });
    const port = await webServer(app);
    expect(await curlOneStream(sink, `http://127.0.0.1:${port}/`)).toMatch(streamed);
  });

  it('serves Fastify 5', async () => {
    const sink = makeSink();
    const app = Fastify();
    app.get('/', async (_request, reply) => {
      reply.hijack();
      reply.raw.setHeader('X-App', 'yes');
      sink.add(reply.raw);
    });
    undo.push(() => app.close());
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    expect(await curlOneStream(sink, url)).toMatch(streamed);
  });

  it('goes on in chunks when the app has begun the response', async () => {
    const sink = makeSink();
    const { client, server } = await oneRequest((_req, res) => {
      res.write('zero,');
      sink.add(res);
    });
    undo.push(() => stop(server, client));
    await client.until('zero,');
    sink.push('one,');
    await client.until('one,');
    sink.push('two');
    await sink.end();
    await client.closed;
    expect(dechunk(body(client.text))).toBe('zero,one,two');
    expect(client.error).toBe(undefined);
  });

  it('delivers a long backlog of the app first, to the byte', async () => {
    const sink = makeSink();
    const backlog = Array.from({ length: 1 << 20 }, (_, i) => i.toString(16).padStart(7, '0')).join(',');
    const { client, server } = await oneRequest((_req, res) => {
      res.write(backlog);
      sink.add(res);
    }, 'GET / HTTP/1.0\r\n\r\n');
    undo.push(() => stop(server, client));
    await client.until((text) => text.length > backlog.length);
    // The sink has the client only when the last byte has left Node.
    while ((await connections(server)) > 0) await new Promise(setImmediate);
    sink.push('STREAM');
    await sink.end();
    await client.closed;
    expect(body(client.text) === `${backlog}STREAM`).toBe(true);
  });

  it('ends a client that left before its handoff as closed, without a throw', async () => {
    const sink = makeSink();
    const removed = once(sink, 'client-removed') as Promise<[ClientRemoved]>;
    const { client, server, req, res } = await oneRequest(() => {});
    undo.push(() => stop(server, client));
    client.socket.end();
    await once(req.socket, 'close');
    const added = sink.add(res, { tag: 'early' });
    const [event] = await removed;
    expect(event).toMatchObject({ client: added, reason: 'closed' });
    expect(event.error).toBe(undefined);
    expect(sink.size).toBe(0);
  });

  it.each(['response', 'socket'])(
    'ends a %s that was reset before Node could notice as closed',
    async (kind) => {
      const sink = makeSink();
      const removed = once(sink, 'client-removed') as Promise<[ClientRemoved]>;
      const server = kind === 'socket' ? net.createServer() : http.createServer();
      const seen = once(server, kind === 'socket' ? 'connection' : 'request');
      const client = new Client(await listen(server));
      undo.push(() => stop(server, client));
      client.get();
      const target = (await seen).at(-1);
      client.socket.resetAndDestroy();
      const added = sink.add(target);
      const [event] = await removed;
      expect(event).toMatchObject({ client: added, reason: 'closed' });
      expect(sink.size).toBe(0);
    },
  );

  it('throws a refusal as it is, and forgets the client', async () => {
    const sink = makeSink();
    const { client, server, res } = await oneRequest(() => {}, 'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    undo.push(() => stop(server, client));
    let added = 0;
    sink.on('client-added', () => added++);
    expect(() => sink.add(res)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_FLUMEN_NO_BODY' }),
    );
    expect([sink.size, added]).toEqual([0, 0]);
    res.end();
    await client.until('200 OK');
  });

  it('lets the app answer 503 when the sink has ended', async () => {
    const sink = makeSink();
    await sink.end();
    const port = await webServer((_req, res) => {
      try {
        sink.add(res);
      } catch (error) {
        res.writeHead(503).end((error as NodeJS.ErrnoException).code);
      }
    });
    const { stdout } = await curl('curl', ['-sSi', '--max-time', '20', `http://127.0.0.1:${port}/`]);
    expect(stdout).toMatch(/^HTTP\/1\.1 503 [\s\S]*ERR_FLUMEN_CLOSED$/);
  });

  it('notices later that the client leaves, though Node no longer looks', async () => {
    const sink = makeSink();
    const removed = once(sink, 'client-removed') as Promise<[ClientRemoved]>;
    const { client, server } = await oneRequest((_req, res) => void sink.add(res));
    undo.push(() => stop(server, client));
    await client.until('\r\n\r\n');
    client.socket.destroy();
    const [{ reason, stats }] = await removed;
    expect(reason).toBe('closed');
    expect(stats.bytesSent).toBe(client.text.length);
  });
});

describe('sink.add(socket)', () => {
  it.each(['tcp', 'unix'])('streams to a %s socket after what was written, FIN at the end', async (kind) => {
    const sink = makeSink();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'handoff-'));
    undo.push(() => fs.rmSync(folder, { recursive: true }));
    const server = net.createServer((socket) => {
      socket.write('hello,');
      sink.add(socket);
    });
    const where = path.join(folder, 's');
    const port = await listen(server, kind === 'unix' ? where : undefined);
    const added = once(sink, 'client-added');
    const client = new Client(kind === 'unix' ? where : port);
    undo.push(() => stop(server, client));
    await added;
    sink.push('world');
    await sink.end();
    await client.closed;
    expect(client.text).toBe('hello,world');
    expect([client.ended, client.error]).toEqual([true, undefined]);
  });
});

describe('source.attach(socket)', () => {
  it('puts what Node had read in front: nothing is lost between sniffing and the handoff', async () => {
    const sink = makeSink();
    const source = new FdSource(sink);
    undo.push(() => source.close());
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.once('readable', () => {
        if (socket.read(1) === null) return;
        const line = [];
        for (let byte = socket.read(1); byte !== null && byte[0] !== 10; byte = socket.read(1))
          line.push(byte);
        source.attach(socket);
      });
    });
    const port = await listen(server);
    const listeners = net.createServer((socket) => void sink.add(socket));
    const added = once(sink, 'client-added');
    const listener = new Client(await listen(listeners));
    await added;
    const encoder = new Client(port, { allowHalfOpen: true });
    undo.push(() => stop(server, encoder));
    undo.push(() => stop(listeners, listener));
    const ended = once(source, 'end');
    encoder.socket.write('SOURCE\nfirst,second,');
    await listener.until('second,');
    encoder.socket.end('third');
    await ended;
    await sink.end();
    await listener.closed;
    expect(listener.text).toBe('first,second,third');
  });
});

function connections(server: net.Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
