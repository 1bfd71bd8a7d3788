import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Descriptors } from '../../lib/descriptors.js';
import { StreamHead } from '../../lib/server/listener-reply.js';
import { Mount, type MountObserver } from '../../lib/server/mount.js';
import { later } from './support.js';

/** Both ends of a TCP connection: the encoder's and the server's. */
async function connection(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outer = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1').on('error', () => {});
  const [inner] = (await once(server, 'connection')) as [net.Socket];
  server.close();
  later(() => outer.destroy());
  return [outer, inner];
}

/** Not events.once, which would reject where the connection is reset. */
function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.resume().destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

const silent: MountObserver = {
  sourceConnected() {},
  sourceGone() {},
  sourceRecognised() {},
  sourceMisread() {},
  listenerAdded() {},
  listenerRemoved() {},
  mountEnded() {},
};
const info = { contentType: 'text/plain' };

describe('a source that falls silent', () => {
  it('is cut after the time-out, and may come back on a new connection', async () => {
    let tell: (error: Error | undefined) => void = () => {};
    const gone = new Promise<Error | undefined>((resolve) => {
      tell = resolve;
    });
    const observer = { ...silent, sourceGone: (_: Mount, error: Error | undefined) => tell(error) };
    const options = { sourceGrace: 20_000, flushInterval: 0, sourceTimeout: 100 };
    const mount = new Mount('/a', info, options, observer);
    later(() => mount.end());
    const [listener, its] = await connection();
    mount.listen(its, { minor: 1, headers: {} }, '');

    const [first, inner] = await connection();
    mount.publish(inner, info, {});
    first.write('one ');
    expect((await gone)?.message).toMatch(/nothing for 100 ms/);
    await closed(first);
    expect(mount.busy).toBe(false);

    const [second, again] = await connection();
    mount.publish(again, info, {});
    expect(mount.busy).toBe(true);
    second.write('two');
    let heard = '';
    for await (const data of listener) {
      heard += data;
      if (heard.endsWith('two')) break;
    }
    expect(heard.endsWith('one two')).toBe(true);
  });

  it('is told when the mount ends meanwhile', async () => {
    const mount = new Mount('/a', info, { sourceGrace: 20_000, flushInterval: 0 }, silent);
    const [outer, inner] = await connection();
    mount.publish(inner, info, {});
    expect(() => mount.publish(inner, info, {})).toThrow(/is live/);
    await mount.end();
    await closed(outer);
    expect(mount.ended).toBe(true);
    expect(() => mount.publish(inner, info, {})).toThrow(/is ended/);
    await mount.end();
  });
});

describe('Descriptors', () => {
  it('answers while it can, then drops', () => {
    let used = 0;
    const descriptors = new Descriptors(() => used, 1000);
    const at = (count: number) => {
      used = count;
      return descriptors.admit();
    };
    expect([at(0), at(743), at(744), at(935), at(936)]).toEqual(['yes', 'yes', 'busy', 'busy', 'drop']);
  });

  it('warns below ten thousand and the reserve, and says what to do', () => {
    const advice = (limit: number) => new Descriptors(() => 0, limit).advice();
    expect(advice(10_256)).toBeUndefined();
    expect(advice(Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(advice(10_255)).toMatch(/\(10255\) allows 9999 connections.*ulimit -n 10256.*LimitNOFILE=10256/);
    expect(advice(100)).toMatch(/allows 0 connections/);
  });

  it('reads the limit of this process', () => {
    expect(new Descriptors(() => 0).limit).toBeGreaterThan(100);
  });
});

describe('StreamHead', () => {
  afterEach(() => void vi.useRealTimers());

  it('has the date of now, for each version of HTTP', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const head = new StreamHead(info);
    const lines = (minor: 0 | 1) => head.bytes(minor, false).toString().split('\r\n');
    for (const second of [5, 6]) {
      vi.setSystemTime(Date.UTC(2026, 10, 23, 6, 0, second));
      for (const minor of [0, 1] as const) {
        expect(lines(minor)[0]).toBe(`HTTP/1.${minor} 200 OK`);
        expect(lines(minor)).toContain(`Date: Mon, 23 Nov 2026 06:00:0${second} GMT`);
      }
    }
    expect(head.bytes(1, false)).toBe(head.bytes(1, false));
    expect(head.bytes(1, true).toString()).toContain('icy-metaint:16000\r\n');
    expect(head.bytes(1, false).toString()).not.toContain('icy-metaint:');
  });
});
