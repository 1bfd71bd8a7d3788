import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { MultiFdSink, type Retry, TcpClientSink, type TcpClientSinkOptions } from '../../lib/index.js';
import { later } from '../server/support.js';
import { Accepting, freePort, pretend, scratch } from './support.js';

const SOON = { initial: 5, max: 20 };

function client(options: TcpClientSinkOptions): TcpClientSink {
  const tcp = new TcpClientSink({ reconnect: SOON, ...options });
  later(() => {
    tcp.sink.clear();
    return tcp.close();
  });
  return tcp;
}

describe('TcpClientSink', () => {
  it('connects, delivers, and ends with its sink', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = client({ host: '127.0.0.1', port, add: { tag: 'out', head: Buffer.from('head|') } });
    const connected = once(tcp, 'connect');
    await tcp.connect();
    expect((await connected)[0]).toEqual({ remoteAddress: '127.0.0.1', remotePort: port });
    expect(tcp.connected).toBe(true);
    expect(tcp.client?.tag).toBe('out');
    tcp.sink.push('media');
    const { got, socket } = await server.next();
    const closed = once(tcp, 'close');
    const end = tcp.sink.end();
    expect((await got.all()).text).toBe('head|media');
    socket.end();
    await Promise.all([end, closed]);
    expect(tcp.closed).toBe(true);
    expect(tcp.connected).toBe(false);
  });

  it('comes back when the peer has gone, orderly or not, and is the next client then', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const sink = new MultiFdSink();
    const tcp = client({ host: '127.0.0.1', port, sink });
    const departures: string[] = [];
    tcp.on('disconnect', ({ reason }) => departures.push(reason));
    await tcp.connect();
    const first = await server.next();
    sink.push('one');
    expect(await first.got.until(3)).toBe('one');
    first.socket.end();
    const second = await server.next();
    if (!tcp.connected) await once(tcp, 'connect');
    sink.push('two');
    expect(await second.got.until(3)).toBe('two');
    second.socket.resetAndDestroy();
    const third = await server.next();
    if (!tcp.connected) await once(tcp, 'connect');
    sink.push('three');
    expect(await third.got.until(5)).toBe('three');
    expect(departures).toEqual(['closed', 'closed']);
    expect(sink.stats.clientsAdded).toBe(3);
    third.socket.end();
    const last = once(tcp, 'close');
    await sink.end();
    await last;
  });

  it('tries until there is somebody, with growing pauses', async () => {
    const port = await freePort();
    const tcp = client({ host: '127.0.0.1', port });
    const tries: Retry[] = [];
    const server = new Accepting();
    tcp.on('reconnect', (retry) => {
      tries.push(retry);
      if (tries.length === 3) void server.listen({ port, host: '127.0.0.1' });
    });
    await tcp.connect();
    expect(tries.map(({ attempt }) => attempt).slice(0, 3)).toEqual([1, 2, 3]);
    expect(tries[0]?.error).toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringContaining(`:${port}`),
    });
    for (const { delay, attempt } of tries) {
      const full = Math.min(SOON.max, SOON.initial * 2 ** (attempt - 1));
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
    }
  });

  it('begins with short pauses again after a connection that lasted', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = client({ host: '127.0.0.1', port, reconnect: { initial: 1, max: 1 } });
    const attempts: number[] = [];
    tcp.on('reconnect', ({ attempt }) => attempts.push(attempt));
    void tcp.connect();
    for (let i = 0; i < 3; i += 1) {
      const { socket } = await server.next();
      if (!tcp.connected) await once(tcp, 'connect');
      const since = performance.now();
      while (performance.now() - since < 2) await new Promise(setImmediate);
      socket.end();
      await once(tcp, 'reconnect');
    }
    expect(attempts).toEqual([1, 1, 1]);
  });

  it('tries every address of a name, and says what became of each', async () => {
    const server = new Accepting();
    const port = await server.listen({ port: 0, host: '::1' });
    pretend({ both: ['127.0.0.1', '::1'] });
    const tcp = client({ host: 'both', port });
    await tcp.connect();
    tcp.sink.push('six');
    const { got, socket } = await server.next();
    expect(await got.until(3)).toBe('six');
    socket.end();
    const lost = client({ host: 'both', port: await freePort(), reconnect: false });
    await expect(lost.connect()).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringMatching(/both:\d+ \(.*127\.0\.0\.1.*::1/),
    });
  });

  it('without reconnect it fails once, crashes nobody, and tells who asks', async () => {
    const port = await freePort();
    const silent = client({ host: '127.0.0.1', port, reconnect: false });
    void silent.connect();
    await new Promise((resolve) => silent.on('close', () => resolve(undefined)));
    const asked = client({ host: '127.0.0.1', port, reconnect: false });
    const error = once(asked, 'error');
    await expect(asked.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await error)[0]).toMatchObject({ code: 'ECONNREFUSED' });
    expect(asked.closed).toBe(true);
  });

  it('without reconnect the end of the connection closes it', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = client({ host: '127.0.0.1', port, reconnect: false });
    await tcp.connect();
    const closed = once(tcp, 'close');
    (await server.next()).socket.end();
    await closed;
  });

  it('stays away when the application has removed it', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = client({ host: '127.0.0.1', port, sink: new MultiFdSink() });
    await tcp.connect();
    const closed = once(tcp, 'close');
    tcp.sink.remove(tcp.client!);
    await closed;
  });

  it('close lets the peer have what is pending; in another sink others stay', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const sink = new MultiFdSink();
    const [one, two] = [client({ host: '127.0.0.1', port, sink }), client({ host: '127.0.0.1', port, sink })];
    await one.connect();
    const first = await server.next();
    await two.connect();
    const second = await server.next();
    const bytes = 'x'.repeat(1_000_000);
    sink.push(bytes);
    const close = one.close();
    expect((await first.got.all()).text).toBe(bytes);
    first.socket.end();
    await close;
    sink.push('more');
    expect(await second.got.until(bytes.length + 4)).toMatch(/xmore$/);
    expect(sink.size).toBe(1);
  });

  it('close and abort call off an attempt, and a pause between two', async () => {
    const port = await freePort();
    const control = new AbortController();
    const tcp = client({ host: '127.0.0.1', port, reconnect: { initial: 60_000 }, signal: control.signal });
    const first = expect(tcp.connect()).rejects.toMatchObject({ code: 'ERR_FLUMEN_CLOSED' });
    await once(tcp, 'reconnect');
    control.abort();
    await first;
    const other = client({ host: '127.0.0.1', port });
    const connect = expect(other.connect()).rejects.toMatchObject({ code: 'ERR_FLUMEN_CLOSED' });
    await other.close();
    await connect;
    const dead = client({ port, signal: AbortSignal.abort() });
    await expect(dead.connect()).rejects.toMatchObject({ code: 'ERR_FLUMEN_CLOSED' });
    await expect(dead.connect()).rejects.toMatchObject({ code: 'ERR_FLUMEN_CLOSED' });
  });

  it('twenty on one sink make no crowd of listeners', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const sink = new MultiFdSink();
    const warnings: string[] = [];
    const warn = (warning: Error): number => warnings.push(warning.message);
    process.on('warning', warn);
    later(() => process.off('warning', warn));
    const all = Array.from({ length: 20 }, () => client({ host: '127.0.0.1', port, sink }));
    await Promise.all(all.map((each) => each.connect()));
    sink.push('to all');
    for (let i = 0; i < all.length; i += 1) expect(await (await server.next()).got.until(6)).toBe('to all');
    expect(warnings).toEqual([]);
  });

  it('connects to unix sockets', async () => {
    const path = scratch();
    const server = new Accepting();
    await server.listen({ path });
    const tcp = client({ path });
    await tcp.connect();
    tcp.sink.push('local');
    const { got, socket } = await server.next();
    expect(await got.until(5)).toBe('local');
    socket.end();
    const nowhere = client({ path: scratch(), reconnect: false });
    await expect(nowhere.connect()).rejects.toThrow(/ENOENT/);
  });

  it('refuses bad options by name', () => {
    expect(() => new TcpClientSink({ port: 0 })).toThrow(/port must be from 1 to 65535, not 0/);
    expect(() => new TcpClientSink({ reconnect: { initial: -1 } })).toThrow(/reconnect\.initial/);
    expect(() => new TcpClientSink({ url: 'x' } as never)).toThrow(/no option "url"/);
  });
});
