import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createServer } from '../../lib/index.js';
import { AUTH, ask, event, listen, Peer, publish, serve } from './support.js';

const chunk = (data: Buffer) =>
  Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
const received = (peer: Peer, length: number) => peer.until(() => peer.body.length >= length);

describe('bodies', () => {
  it('without length: all bytes, from the first one that came with the head', async () => {
    const { port } = await serve();
    const data = randomBytes(60_000);
    const source = new Peer(port).send(
      Buffer.concat([Buffer.from(`PUT /live.mp3 HTTP/1.1\r\n${AUTH}\r\n\r\n`), data.subarray(0, 1000)]),
    );
    await source.receives('200 OK');
    const peer = await listen(port);
    source.send(data.subarray(1000));
    await received(peer, data.length);
    expect(peer.body.equals(data)).toBe(true);
  });

  it('with Content-Length: ends after so many bytes, and is answered then', async () => {
    const { port, server } = await serve();
    const gone = event(server, 'source-gone');
    const source = await publish(port, '/live.mp3', 'Content-Length: 10');
    const peer = await listen(port);
    source.send('0123456789and what is no body');
    expect((await gone)[1]).toBeUndefined();
    expect(await source.rest()).toMatch(/100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    await received(peer, 10);
    expect(peer.body.toString()).toBe('0123456789');
  });

  it('in chunks that are cut anywhere, extensions and trailers included', async () => {
    const { port, server } = await serve();
    const gone = event(server, 'source-gone');
    const source = await publish(port, '/live.mp3', 'Transfer-Encoding: chunked');
    const peer = await listen(port);
    const data = randomBytes(5000);
    const wire = Buffer.concat([
      chunk(data.subarray(0, 1)),
      Buffer.from('7CF;ext="x"\r\n'),
      data.subarray(1, 2000),
      Buffer.from('\r\n'),
      chunk(data.subarray(2000)),
      Buffer.from('0\r\nTrailer: x\r\n\r\n'),
    ]);
    for (let at = 0; at < wire.length; at += 97) {
      source.send(wire.subarray(at, at + 97));
      await new Promise(setImmediate);
    }
    expect((await gone)[1]).toBeUndefined();
    expect(await source.rest()).toMatch(/HTTP\/1\.1 200 OK\r\n/);
    await received(peer, data.length);
    expect(peer.body.equals(data)).toBe(true);
  });

  it.each([
    ['a negative size', '-1\r\nabc'],
    ['a huge size', 'FFFFFFFFFFFFFFFFFF\r\nabc'],
    ['no hexadecimal number', 'xyz\r\nabc'],
    ['no size at all', '\r\nabc'],
    ['data longer than its size', '2\r\nabcdef\r\n'],
  ])('garbage in the place of a chunk: %s', async (_, garbage) => {
    const { port, server } = await serve();
    const gone = event(server, 'source-gone');
    const source = await publish(port, '/live.mp3', 'Transfer-Encoding: chunked');
    const peer = await listen(port);
    source.send('5\r\nfirst\r\n');
    await peer.receives('first');
    source.send(garbage);
    expect((await gone)[1]).toBeInstanceOf(Error);
    expect(await source.rest()).not.toMatch(/200 OK/);
    const next = await publish(port);
    next.send('and on');
    await peer.receives('and on');
  });

  it('cut off in the middle of a chunk or of a length: an error, not an end', async () => {
    const { port, server } = await serve();
    for (const [path, line, part] of [
      ['/a', 'Transfer-Encoding: chunked', '5\r\nfir'],
      ['/b', 'Content-Length: 10', '01234'],
    ] as const) {
      const gone = event(server, 'source-gone');
      const source = await publish(port, path, line);
      source.send(part).socket.end();
      expect((await gone)[1]).toBeInstanceOf(Error);
    }
  });
});

describe('the source grace', () => {
  it('keeps listeners until the source is back, with what it says now', async () => {
    const { port, server } = await serve({ sourceGrace: 20_000 });
    const first = await publish(port, '/live.mp3', 'Ice-Name: before');
    const peer = await listen(port);
    first.send('one ');
    await peer.receives('one ');
    const gone = event(server, 'source-gone');
    first.socket.destroy();
    await gone;
    const second = new Peer(port).send(
      `PUT /live.mp3 HTTP/1.1\r\n${AUTH}\r\nContent-Type: audio/ogg\r\nIce-Name: after\r\n\r\ntwo`,
    );
    await peer.receives('two');
    await second.receives('200 OK');
    expect(peer.body.toString()).toBe('one two');
    const late = await listen(port);
    expect(late.text).toMatch(/Content-Type: audio\/ogg\r\n[\s\S]*icy-name:after\r\n/);
    expect(server.mounts.get('/live.mp3')).toMatchObject({ listeners: 2, busy: true });
  });

  it('counts anew for each source', async () => {
    const { port, server } = await serve({ sourceGrace: 150 });
    const first = await publish(port);
    const peer = await listen(port);
    const gone = event(server, 'source-gone');
    first.socket.end();
    await gone;
    const second = await publish(port);
    await new Promise((resolve) => setTimeout(resolve, 300));
    second.send('still on the air');
    await peer.receives('still on the air');
  });

  it('takes new listeners while it waits, and ends them all when it is over', async () => {
    const { port, server } = await serve({ sourceGrace: 300 });
    const source = await publish(port);
    const before = await listen(port);
    source.send('x'.repeat(100));
    await received(before, 100);
    const gone = event(server, 'source-gone');
    const ended = event(server, 'mount-ended');
    source.socket.end();
    await gone;
    const during = await listen(port);
    expect(server.mounts.get('/live.mp3')?.busy).toBe(false);
    await ended;
    await before.rest();
    await during.rest();
    expect(before.body.toString()).toBe('x'.repeat(100));
    expect(server.mounts.size).toBe(0);
    expect(await ask(port, 'GET /live.mp3 HTTP/1.1', 'Host: x', 'Connection: close')).toMatch(/ 404 /);
    await publish(port);
  });

  it('says who has gone, and how', async () => {
    const { port, server } = await serve();
    const source = await publish(port);
    const peer = await listen(port);
    source.send('12345');
    await peer.receives('12345');
    const removed = event(server, 'listener-removed');
    peer.socket.resetAndDestroy();
    const [mount, { reason, stats, client }] = (await removed) as never as [{ path: string }, RemovedShape];
    expect([mount.path, reason]).toEqual(['/live.mp3', 'closed']);
    expect(stats.bytesSent).toBe(peer.bytes.length);
    expect(client.tag).toEqual({ remoteAddress: '127.0.0.1' });
    expect(server.mounts.get('/live.mp3')).toMatchObject({ listeners: 0, status: { listenerPeak: 1 } });
    const gone = event(server, 'source-gone');
    source.socket.resetAndDestroy();
    expect((await gone)[1]).toBeInstanceOf(Error);
  });

  it('is as good as none when it is 0', async () => {
    const { port, server } = await serve({ sourceGrace: 0 });
    const ended = event(server, 'mount-ended');
    const source = await publish(port);
    const peer = await listen(port);
    source.socket.end('over');
    await ended;
    await peer.rest();
    expect(peer.body.toString()).toBe('over');
  });
});

interface RemovedShape {
  reason: string;
  stats: { bytesSent: number };
  client: { tag: unknown };
}

describe('close', () => {
  it('gives listeners what is pending, and closes everything within two seconds', async () => {
    const { port, server } = await serve({ flushInterval: 5000 });
    const source = await publish(port);
    const peers = await Promise.all([listen(port), listen(port)]);
    const stalled = await listen(port);
    stalled.socket.pause();
    const idle = new Peer(port).send('GET / HT');
    const keptAlive = new Peer(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await keptAlive.receives('ok');
    source.send('the last words');
    // The server has read them when another request behind them is answered.
    await ask(port, 'HEAD /live.mp3 HTTP/1.1');
    const before = performance.now();
    const gone = event(server, 'source-gone');
    const ended = event(server, 'mount-ended');
    await server.close();
    expect((await gone)[1]).toBeUndefined();
    await ended;
    expect(performance.now() - before).toBeLessThan(2000);
    for (const peer of [...peers, source, idle, keptAlive]) await peer.rest();
    expect(server.address()).toBeNull();
    expect(server.mounts.size).toBe(0);
    await server.close();
  });

  it('may come before listen, and twice', async () => {
    const server = createServer({ sourcePassword: 'x' });
    await Promise.all([server.close(), server.close()]);
  });
});

describe('options', () => {
  it.each([
    [{}, TypeError, /sourcePassword/],
    [{ sourcePassword: '' }, TypeError, /sourcePassword/],
    [{ sourcePassword: 'x', authenticate: true }, TypeError, /authenticate/],
    [{ sourcePassword: 'x', sourceGrace: -1 }, RangeError, /sourceGrace .* -1/],
    [{ sourcePassword: 'x', flushInterval: Number.NaN }, TypeError, /flushInterval .* NaN/],
    // What no sink takes must not wait for the first source.
    [{ sourcePassword: 'x', flushInterval: 60_001 }, RangeError, /flushInterval .* 60001/],
    [{ sourcePassword: 'x', headTimeout: '5' }, TypeError, /headTimeout .* "5"/],
  ])('%j', async (options, type, text) => {
    expect(() => createServer(options as never)).toThrow(type);
    expect(() => createServer(options as never)).toThrow(text);
  });
});
