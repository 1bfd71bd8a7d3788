import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  FdSource,
  Frame,
  GdpEncoder,
  MultiFdSink,
  type Refused,
  type SourceWarning,
  TcpClientSource,
  type TcpClientSourceOptions,
  TcpServerSource,
  type TcpServerSourceOptions,
} from '../../lib/index.js';
import { later } from '../server/support.js';
import { fifo, reader, tcpPair } from '../sink/support.js';
import { Accepting, dial, freePort, pretend, scratch } from './support.js';

const SOON = { initial: 5, max: 20 };

let sink: MultiFdSink;
let got: ReturnType<typeof reader>;
let listener: net.Socket;

beforeEach(async () => {
  sink = new MultiFdSink();
  const { near, far } = await tcpPair();
  sink.add(near);
  listener = far;
  got = reader(far);
});

afterEach(async () => {
  listener.end();
  await sink.close();
});

function clientSource(options: TcpClientSourceOptions): TcpClientSource {
  const tcp = new TcpClientSource(sink, { reconnect: SOON, ...options });
  later(() => tcp.close());
  return tcp;
}

async function serverSource(
  options: TcpServerSourceOptions = {},
): Promise<{ tcp: TcpServerSource; port: number }> {
  const address = options.path === undefined ? { host: '127.0.0.1', port: 0 } : {};
  const tcp = new TcpServerSource(sink, { ...address, ...options });
  later(() => tcp.close());
  await tcp.listen();
  return { tcp, port: (tcp.address() as net.AddressInfo).port };
}

describe('TcpClientSource', () => {
  it('writes what the peer sends into the sink, comes back after an end and after a reset, and keeps the clients', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = clientSource({ host: '127.0.0.1', port });
    const departures: string[] = [];
    tcp.on('disconnect', ({ reason, error }) =>
      departures.push(`${reason} ${(error as NodeJS.ErrnoException | undefined)?.code}`),
    );
    await tcp.connect();
    (await server.next()).socket.end('one|');
    const second = await server.next();
    second.socket.write('two|');
    expect(await got.until(8)).toBe('one|two|');
    second.socket.resetAndDestroy();
    const third = await server.next();
    third.socket.write('three');
    expect(await got.until(13)).toBe('one|two|three');
    expect(departures).toEqual(['ended undefined', 'error ECONNRESET']);
    expect(tcp.bytesRead).toBe(13);
    expect(sink.size).toBe(1);
    await tcp.close();
    expect(tcp.bytesRead).toBe(13);
    sink.push('|ours again');
    expect(await got.until(24)).toBe('one|two|three|ours again');
  });

  it('tries every address, and ends with its connection when told so', async () => {
    const server = new Accepting();
    const port = await server.listen({ port: 0, host: '::1' });
    pretend({ both: ['127.0.0.1', '::1'] });
    const tcp = clientSource({ host: 'both', port, reconnect: false });
    await tcp.connect();
    const closed = once(tcp, 'close');
    (await server.next()).socket.end('all of it');
    await closed;
    expect(await got.until(9)).toBe('all of it');
  });

  it('takes silence for a loss when it has a timeout', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = clientSource({ host: '127.0.0.1', port, timeout: 50 });
    void tcp.connect();
    const first = await server.next();
    first.socket.write('one|');
    const [gone] = await once(tcp, 'disconnect');
    expect(gone).toMatchObject({ reason: 'timeout', error: { message: 'nothing has come for 50 ms' } });
    (await server.next()).socket.write('two');
    expect(await got.until(7)).toBe('one|two');
    expect(tcp.bytesRead).toBe(7);
  });

  it('waits its turn when another source writes, and closes with the sink', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const other = new FdSource(sink);
    const pipe = fifo();
    other.attach(pipe.read);
    const tcp = clientSource({ host: '127.0.0.1', port });
    void tcp.connect();
    const [retry] = await once(tcp, 'reconnect');
    expect(retry.error).toMatchObject({ code: 'ERR_FLUMEN_BUSY' });
    await other.close();
    pipe.close();
    await tcp.connect();
    const closed = once(tcp, 'close');
    listener.end();
    await sink.close();
    await closed;
  });

  it('connects to unix sockets, fails by name without reconnect', async () => {
    const path = scratch();
    const server = new Accepting();
    await server.listen({ path });
    const tcp = clientSource({ path });
    await tcp.connect();
    (await server.next()).socket.write('local');
    expect(await got.until(5)).toBe('local');
    await tcp.close();
    const failing = clientSource({ host: '127.0.0.1', port: await freePort(), reconnect: false });
    await expect(failing.connect()).rejects.toThrow(/ECONNREFUSED/);
    expect(() => new TcpClientSource(sink, { timeout: -1 })).toThrow(/timeout must be from 0/);
    expect(() => new TcpClientSource(sink, { sink } as never)).toThrow(/no option "sink"/);
  });
});

const golden = (name: string): Buffer => readFileSync(new URL(`../vectors/gdp/${name}`, import.meta.url));

describe('GDP', () => {
  it('of a peer that one connects to: frames, warnings, and the fault by which the connection ends', async () => {
    const server = new Accepting();
    const port = await server.listen();
    const tcp = clientSource({ host: '127.0.0.1', port, format: 'gdp' });
    const warnings: SourceWarning[] = [];
    tcp.on('warning', (skipped) => warnings.push(skipped));
    void tcp.connect();
    const peer = await server.next();
    const gone = once(tcp, 'disconnect');
    peer.socket.write(golden('r03-toc.gdp'));
    peer.socket.write('x'.repeat(62));
    expect(await gone).toMatchObject([
      { reason: 'error', error: { fault: 'bad-version', code: 'ERR_FLUMEN_GDP' } },
    ]);
    expect(warnings).toMatchObject([{ event: 'toc' }]);
    // It comes back, and the next stream is a stream of its own.
    const next = await server.next();
    next.socket.write(golden('v01-audio-raw.gdp'));
    while (sink.streamState.caps?.name !== 'audio/x-raw') await new Promise(setImmediate);
    expect(() => clientSource({ host: '127.0.0.1', port, format: 'x' as never })).toThrow(/format must be/);
  });

  it('of peers that come: each judged by its own first bytes', async () => {
    const { tcp, port } = await serverSource({ format: 'auto' });
    const first = await dial(port);
    first.socket.write(new GdpEncoder().caps({ name: 'a/b' }));
    first.socket.end(new GdpEncoder().frame(new Frame(Buffer.from('framed|'))));
    expect(await got.until(7)).toBe('framed|');
    (await dial(port)).socket.end('raw');
    expect(await got.until(10)).toBe('framed|raw');
    await tcp.close();
  });
});

describe('TcpServerSource', () => {
  it('takes one peer after the other, and the clients stay', async () => {
    const { tcp, port } = await serverSource();
    for (const word of ['one|', 'two|', 'six|']) {
      const connect = once(tcp, 'connect');
      const { socket, port: own } = await dial(port);
      expect((await connect)[0]).toEqual({ remoteAddress: '127.0.0.1', remotePort: own });
      expect(tcp.connected).toBe(true);
      const gone = once(tcp, 'disconnect');
      socket.end(word);
      expect((await gone)[0]).toEqual({
        reason: 'ended',
        remoteAddress: '127.0.0.1',
        remotePort: own,
      });
      expect(tcp.connected).toBe(false);
    }
    expect(await got.until(12)).toBe('one|two|six|');
    expect(tcp.bytesRead).toBe(12);
    expect(sink.size).toBe(1);
  });

  it('lets who comes meanwhile wait, loses nothing of what it sends, and refuses beyond the backlog', async () => {
    const { tcp, port } = await serverSource({ backlog: 2 });
    const first = await dial(port);
    first.socket.write('first|');
    await got.until(6);
    const order: (number | undefined)[] = [];
    tcp.on('connect', ({ remotePort }) => order.push(remotePort));
    // One that has sent everything and left by then, and one that stays.
    const left = await dial(port);
    left.socket.end('left|');
    while (tcp.waiting < 1) await new Promise(setImmediate);
    const stays = await dial(port);
    stays.socket.write('stays');
    while (tcp.waiting < 2) await new Promise(setImmediate);
    const refused = once(tcp, 'refused') as Promise<[Refused]>;
    const many = await dial(port);
    expect((await many.got.all()).text).toBe('');
    expect((await refused)[0]).toMatchObject({ remotePort: many.port, error: { code: 'EBUSY' } });
    first.socket.end('on|');
    expect(await got.until(19)).toBe('first|on|left|stays');
    expect(order).toEqual([left.port, stays.port]);
    expect(tcp.waiting).toBe(0);
  });

  it('survives a peer that resets, also one that waits', async () => {
    const { tcp, port } = await serverSource();
    const first = await dial(port);
    first.socket.write('a');
    await got.until(1);
    const second = await dial(port);
    while (tcp.waiting < 1) await new Promise(setImmediate);
    second.socket.resetAndDestroy();
    await once(second.socket, 'close');
    first.socket.resetAndDestroy();
    const third = await dial(port);
    third.socket.write('b');
    expect(await got.until(2)).toBe('ab');
    third.socket.end();
    await once(tcp, 'disconnect');
  });

  it('lets the next one in when a peer is silent for too long', async () => {
    const { tcp, port } = await serverSource({ timeout: 50 });
    const silent = await dial(port);
    const [gone] = await once(tcp, 'disconnect');
    expect(gone).toMatchObject({ reason: 'timeout', remotePort: silent.port });
    expect((await silent.got.all()).text).toBe('');
    (await dial(port)).socket.write('next');
    expect(await got.until(4)).toBe('next');
  });

  it('refuses when another source writes, and goes on when that has gone', async () => {
    const { tcp, port } = await serverSource();
    const other = new FdSource(sink);
    const pipe = fifo();
    other.attach(pipe.read);
    const refused = once(tcp, 'refused') as Promise<[Refused]>;
    await dial(port);
    expect((await refused)[0].error).toMatchObject({ code: 'ERR_FLUMEN_BUSY' });
    await other.close();
    pipe.close();
    (await dial(port)).socket.write('now');
    expect(await got.until(3)).toBe('now');
  });

  it('close lets go of the one that writes and of those that wait; the sink closes it as well', async () => {
    const { tcp, port } = await serverSource();
    const connect = once(tcp, 'connect');
    const one = await dial(port);
    await connect;
    const two = await dial(port);
    while (tcp.waiting < 1) await new Promise(setImmediate);
    await tcp.close();
    expect((await one.got.all()).text).toBe('');
    expect((await two.got.all()).text).toBe('');
    await expect(dial(port)).rejects.toThrow(/ECONNREFUSED/);
    expect(tcp.address()).toBeNull();
    const path = scratch();
    const { tcp: second } = await serverSource({ path });
    (await dial(path)).socket.write('local');
    expect(await got.until(5)).toBe('local');
    const closed = once(second, 'close');
    listener.end();
    await sink.close();
    await closed;
  });

  it('refuses bad options by name', () => {
    expect(() => new TcpServerSource(sink, { backlog: -1 })).toThrow(/backlog must be from 0/);
    expect(() => new TcpServerSource(sink, { timeout: 'x' as never })).toThrow(/timeout must be a number/);
    expect(() => new TcpServerSource(sink, { add: {} } as never)).toThrow(/no option "add"/);
  });
});
