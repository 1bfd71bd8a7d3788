import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Front, type FrontOptions, type FrontRequest } from '../../lib/ingest/front.js';
import { later, Peer } from '../server/support.js';

async function front(
  options: Partial<FrontOptions> = {},
): Promise<{ front: Front; port: number; requests: FrontRequest[] }> {
  const requests: FrontRequest[] = [];
  const made = new Front({
    request: (request) => {
      requests.push(request);
      made.finish(request.socket, Buffer.from('taken'));
    },
    pathless: (socket) => socket.end('pathless'),
    admit: () => 'yes',
    trouble: (error) => {
      throw error;
    },
    headTimeout: 10_000,
    ...options,
  });
  const { port } = await made.listen('127.0.0.1', 0);
  later(async () => {
    const stopped = made.stop();
    made.cut();
    await stopped;
  });
  return { front: made, port, requests };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('Front', () => {
  it('has a timer only while somebody has a deadline', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { front: made, port } = await front();
    expect(vi.getTimerCount()).toBe(0);
    const peer = new Peer(port).send('GET / HTTP/1.1\r\n\r\n');
    expect(await peer.rest()).toBe('taken');
    expect(vi.getTimerCount()).toBe(1);
    peer.socket.end();
    await closed(made);
    vi.advanceTimersByTime(250);
    expect(vi.getTimerCount()).toBe(0);
    // The next one has a deadline again.
    new Peer(port).send('GET /');
    while (made.held === 0) await new Promise(setImmediate);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('gives whole requests with what followed them', async () => {
    const { front: made, port, requests } = await front();
    const started = performance.now();
    const peer = new Peer(port).send('PUT /a?b=c HTTP/1.1\r\nX: y\r\n\r\nBODY');
    expect(await peer.rest()).toBe('taken');
    expect(requests).toHaveLength(1);
    const [request] = requests;
    expect(request).toMatchObject({ target: { path: '/a', query: 'b=c' }, head: { method: 'PUT' } });
    expect(request!.rest.toString()).toBe('BODY');
    expect(request!.bytes.toString()).toBe('PUT /a?b=c HTTP/1.1\r\nX: y\r\n\r\nBODY');
    // The client's goodbye is heard at once, not when the time for lingering is over.
    peer.socket.end();
    await closed(made);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it('puts a head together that comes in single bytes', async () => {
    const { port, requests } = await front();
    const peer = new Peer(port);
    for (const byte of Buffer.from('GET /a HTTP/1.1\r\nX: y\r\n\r\nZ')) {
      peer.send(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    expect(await peer.rest()).toBe('taken');
    expect({ ...requests[0]!.head.headers }).toEqual({ x: 'y' });
  });

  it.each([
    ['garbage', '\x00\x01\x02\x03garbage\r\n\r\n', 400, /not an HTTP request/],
    ['a TLS hello', '\x16\x03\x01\x02\x00', 400, /plain HTTP, not TLS/],
    ['a bad path', 'GET /%zz HTTP/1.1\r\n\r\n', 400, /percent-encoded/],
    [
      'a header line of 1 MB',
      `GET / HTTP/1.1\r\nX: ${'a'.repeat(1 << 20)}\r\n\r\n`,
      431,
      /longer than 8192 bytes/,
    ],
    ['a head of 1 MB', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(170_000)}\r\n`, 431, /longer than 16384 bytes/],
  ])('answers %s and closes', async (_, bytes, status, text) => {
    const { front: made, port, requests } = await front();
    const peer = new Peer(port).send(bytes);
    const answer = await peer.rest();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(text);
    expect(answer).toMatch(/\r\nConnection: close\r\n/);
    expect(requests).toHaveLength(0);
    peer.socket.end();
    await once(peer.socket, 'close');
    await closed(made);
  });

  it('cuts off a refused client that sends for ever', async () => {
    const { front: made, port } = await front();
    const peer = new Peer(port).send('(');
    const flood = () => {
      while (!peer.socket.destroyed && peer.socket.write(Buffer.alloc(65_536)));
    };
    peer.socket.on('drain', flood);
    flood();
    // Not events.once: that would reject at the EPIPE that is expected.
    await new Promise((resolve) => peer.socket.on('close', resolve));
    await closed(made);
  });

  it('gives a slow-loris head its deadline, counted from the beginning', async () => {
    const { front: made, port } = await front({ headTimeout: 300 });
    const started = performance.now();
    const peer = new Peer(port).send('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => peer.send('X: y\r\n'), 50);
    later(() => clearInterval(drip));
    expect(await peer.rest()).toMatch(/^HTTP\/1\.1 408 [\s\S]*within 300 ms/);
    clearInterval(drip);
    expect(performance.now() - started).toBeGreaterThan(290);
    peer.socket.end();
    await closed(made);
  });

  it('drops a connection that says nothing but goodbye', async () => {
    const { front: made, port } = await front();
    const peer = new Peer(port);
    peer.socket.end();
    expect(await peer.rest()).toBe('');
    await closed(made);
  });

  it('forgets a client that resets in the middle of its head', async () => {
    const { front: made, port } = await front();
    const peer = new Peer(port).send('GET / HT');
    await once(made.server, 'connection');
    peer.socket.resetAndDestroy();
    await closed(made);
  });

  it('answers 503 with Retry-After when it is full, and drops when even that is too much', async () => {
    let verdict: 'busy' | 'drop' = 'busy';
    const { port } = await front({ admit: () => verdict });
    const refused = await new Peer(port).send('GET / HTTP/1.1\r\n\r\n').rest();
    expect(refused).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: \d+\r\n/);
    verdict = 'drop';
    expect(await new Peer(port).rest()).toBe('');
  });

  it('answers 500 to what goes wrong, says so, and goes on', async () => {
    const troubles: unknown[] = [];
    const { port } = await front({
      request: () => {
        throw new TypeError('a mistake');
      },
      trouble: (error) => troubles.push(error),
    });
    for (let i = 1; i <= 2; i++) {
      expect(await new Peer(port).send('GET / HTTP/1.1\r\n\r\n').rest()).toMatch(/^HTTP\/1\.1 500 /);
      expect(troubles).toEqual(Array(i).fill(expect.objectContaining({ message: 'a mistake' })));
    }
  });

  it('says why it cannot listen', async () => {
    const { port } = await front();
    const options: FrontOptions = {
      request() {},
      pathless() {},
      admit: () => 'yes',
      trouble() {},
      headTimeout: 1,
    };
    await expect(new Front(options).listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('asks for a backlog that outlasts a storm', async () => {
    const backlogs: unknown[] = [];
    const original = net.Server.prototype.listen;
    net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
      backlogs.push((args[0] as net.ListenOptions).backlog);
      return original.apply(this, args as never);
    } as never;
    try {
      await front();
    } finally {
      net.Server.prototype.listen = original;
    }
    expect(backlogs[0]).toBeGreaterThanOrEqual(4096);
  });
});

/** Resolves when the front holds no socket any more. */
async function closed(made: Front): Promise<void> {
  while (made.held > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
