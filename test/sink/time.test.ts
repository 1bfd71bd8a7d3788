/** Clients whose time is over: deadline, setDeadline, idleTimeout. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  type AddOptions,
  type ClientRemoved,
  diagnostics,
  MultiFdSink,
  MultiSocketSink,
} from '../../lib/index.js';
import { fifo, nextRemoved, reader, tcpPair } from './support.js';

/** A server whose every response goes to `sink`, and what fetch makes of one. */
async function fetched(sink: MultiSocketSink, options: () => AddOptions): Promise<string> {
  const server = http.createServer((_request, response) => {
    response.writeHead(200);
    response.flushHeaders();
    sink.add(response, options());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    return `${response.status} ${await response.text()}`;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('deadline', () => {
  it('ends the body properly: fetch sees what came before, and a clean end', async () => {
    const sink = new MultiSocketSink();
    const removed = nextRemoved(sink);
    let added = 0;
    const options = () => {
      added = Date.now();
      // Behind add(), whatever time that takes: the deadline is near.
      queueMicrotask(() => sink.push('before'));
      return { deadline: added + 300 };
    };
    expect(await fetched(sink, options)).toBe('200 before');
    const { reason, stats } = await removed;
    expect(reason).toBe('timeout');
    expect(Date.now() - added).toBeGreaterThanOrEqual(300);
    expect(stats.bytesSent).toBe('6\r\nbefore\r\n0\r\n\r\n'.length);
    await sink.close();
  });

  it('past already: no misuse, the client leaves at once as timeout, with its head and an empty body', async () => {
    const sink = new MultiSocketSink({ syncMethod: 'burst' });
    sink.push('kept for newcomers');
    const removed = nextRemoved(sink);
    expect(await fetched(sink, () => ({ deadline: Date.now() - 1000 }))).toBe('200 ');
    expect((await removed).reason).toBe('timeout');
    await sink.close();
  });

  it('can be extended, lifted, and set for a client that came without one', async () => {
    const sink = new MultiFdSink();
    const pipe = fifo();
    const soon = Date.now() + 400;
    const due = { first: soon + 10, extended: soon + 100, later: soon + 150 };
    const extended = sink.add(pipe.write, { deadline: soon, tag: 'extended' });
    const lifted = sink.add(pipe.write, { deadline: soon, tag: 'lifted' });
    const later = sink.add(pipe.write, { tag: 'later' });
    sink.add(pipe.write, { deadline: due.first, tag: 'first' });
    sink.setDeadline(extended, due.extended);
    sink.setDeadline(lifted, undefined);
    sink.setDeadline(later, due.later);
    let gone = 0;
    sink.on('client-removed', ({ client, reason }) => {
      gone += 1;
      expect(reason).toBe('timeout');
      expect(Date.now()).toBeGreaterThanOrEqual(due[client.tag as keyof typeof due]);
    });
    while (gone < 3) await once(sink, 'client-removed');
    expect([...sink.clients()]).toEqual([lifted]);
    sink.setDeadline(later, Date.now()); // gone: nothing happens
    sink.removeAllListeners();
    pipe.close();
    await sink.close();
    expect(diagnostics()).toMatchObject({ liveClients: 0, openFds: 0 });
  });

  it('holds while Node still flushes what it had for the client: then the connection is cut', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    near.write(Buffer.alloc(8_000_000));
    const client = sink.add(near, { deadline: Date.now() + 30 });
    const removed: ClientRemoved = await nextRemoved(sink);
    expect(removed).toMatchObject({ reason: 'timeout', client, stats: { bytesSent: 0 } });
    expect(sink.size).toBe(0);
    expect(near.destroyed).toBe(true);
    expect((await reader(far).all()).text.length).toBeLessThan(8_000_000);
    await sink.close();
  });

  it('set meanwhile, it holds in place of the first, before and after the descriptor has come', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    near.write('x'.repeat(8_000_000));
    const client = sink.add(near, { deadline: Date.now() + 30 });
    const end = Date.now() + 400;
    sink.setDeadline(client, end);
    const removed = nextRemoved(sink);
    await reader(far).all();
    far.end();
    expect(await removed).toMatchObject({ client, reason: 'timeout' });
    expect(Date.now()).toBeGreaterThanOrEqual(end);
    await sink.close();
  });

  it.each([
    [Number.NaN, /^deadline must be a number, not NaN/, TypeError],
    ['tomorrow', /^deadline must be a number, not "tomorrow"/, TypeError],
    [null, /^deadline must be a number, not null/, TypeError],
    [1_800_000_000, /^deadline must be a point in time in ms since the epoch, .* not 1800000000/, RangeError],
    [Number.POSITIVE_INFINITY, /^deadline must be a point in time/, RangeError],
  ])('%s is refused', async (deadline, message, type) => {
    const sink = new MultiFdSink();
    expect(() => sink.add(1, { deadline: deadline as number })).toThrow(message);
    expect(() => sink.add(1, { deadline: deadline as number })).toThrow(type);
    expect(sink.size).toBe(0);
    await sink.close();
  });

  it('as far away as a Date can be is as good as none', async () => {
    const sink = new MultiFdSink();
    const pipe = fifo();
    const client = sink.add(pipe.write, { deadline: 8.64e15 });
    expect((await sink.clientStats(client)).state).not.toBe('lingering');
    pipe.close();
    await sink.close();
  });
});

describe('idleTimeout', () => {
  it('a client that is sent nothing for so long leaves as timeout, whatever it sends', async () => {
    const sink = new MultiSocketSink({ idleTimeout: 150 });
    const { near, far } = await tcpPair();
    const client = sink.add(near);
    const removed = nextRemoved(sink);
    far.write('reading is no activity');
    await reader(far).all();
    far.end();
    const { stats, ...rest } = await removed;
    expect(rest).toEqual({ client, reason: 'timeout' });
    expect(stats.durationMs).toBeGreaterThanOrEqual(150);
    await sink.close();
  });

  it('must leave room for the flush interval', () => {
    expect(() => new MultiFdSink({ idleTimeout: 399, flushInterval: 200 })).toThrow(
      /^idleTimeout \(399\) must be at least twice flushInterval \(200\)/,
    );
    expect(() => new MultiFdSink({ idleTimeout: -1 })).toThrow(/^idleTimeout must be from 0/);
  });
});
