/** What a sink tells of one client: asked of the loop that serves it. */
import { once } from 'node:events';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnostics, MultiFdSink, MultiSocketSink } from '../../lib/index.js';
import { nextRemoved, reader, scratchFile, tcpPair } from './support.js';

const SECOND = 1_000_000_000n;
const GONE = { code: 'ERR_FLUMEN_GONE', message: 'clientStats: client 1 has left' };

describe('clientStats', () => {
  it('of a client that has everything', async () => {
    const before = Date.now();
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    const client = sink.add(near);
    expect(await sink.clientStats(client)).toMatchObject({
      bytesSent: 0,
      firstTimestamp: undefined,
      lastTimestamp: undefined,
    });
    const got = reader(far);
    // A clock of this century in ns does not fit a double.
    const base = 1_795_000_000_123_456_789n;
    for (const i of [0n, 1n, 2n]) sink.push('12345', { pts: base + i });
    await got.until(15);
    const stats = await sink.clientStats(client);
    expect(stats).toMatchObject({
      state: 'caught-up',
      bytesSent: 15,
      framesDropped: 0,
      firstTimestamp: base,
      lastTimestamp: base + 2n,
      lag: { frames: 0, bytes: 0, ms: 0 },
    });
    expect(stats.kernelQueue).toBeTypeOf('number');
    // Steps of a millisecond, and two clocks.
    expect(stats.connectedAt).toBeGreaterThanOrEqual(before - 2);
    expect(stats.lastActivityAt).toBeGreaterThanOrEqual(stats.connectedAt - 1);
    expect(stats.lastActivityAt).toBeLessThanOrEqual(Date.now() + 2);
    expect(stats.durationMs).toBeLessThanOrEqual(Date.now() - before + 2);
    far.destroy();
    await sink.close();
  });

  it('of one that does not read: blocked, with its lag and what the kernel holds', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    const client = sink.add(near);
    sink.push(Buffer.alloc(8_000_000), { dts: 0n, pts: -SECOND });
    let stats = await sink.clientStats(client);
    while (stats.state !== 'blocked') stats = await sink.clientStats(client);
    for (const i of [1n, 2n, 3n]) sink.push('123', { dts: i * SECOND, pts: i * SECOND });
    stats = await sink.clientStats(client);
    expect(stats).toMatchObject({
      state: 'blocked',
      lag: { frames: 3, bytes: 9, ms: 2000 },
      firstTimestamp: -SECOND,
      lastTimestamp: -SECOND,
    });
    expect(stats.bytesSent).toBeGreaterThan(0);
    expect(stats.kernelQueue).toBeGreaterThan(0);
    far.destroy();
    await sink.close();
  });

  it('a file has no kernel queue; who waits for a key frame is waiting', async () => {
    const sink = new MultiFdSink({ syncMethod: 'next-keyframe' });
    const file = scratchFile();
    const fd = fs.openSync(file.name, 'w');
    const client = sink.add(fd);
    fs.closeSync(fd);
    let stats = await sink.clientStats(client);
    while (stats.state !== 'waiting') stats = await sink.clientStats(client);
    expect(stats.kernelQueue).toBeUndefined();
    await sink.close();
    file.remove();
  });

  it('a thousand questions at once are answered, each with its own client', async () => {
    const sink = new MultiSocketSink();
    const pairs = await Promise.all(Array.from({ length: 4 }, () => tcpPair()));
    const clients = pairs.map(({ near }, i) => sink.add(near, { head: Buffer.alloc(i + 1) }));
    await Promise.all(pairs.map(({ far }, i) => reader(far).until(i + 1)));
    const asked = Array.from({ length: 1000 }, (_, i) => sink.clientStats(clients[i % 4] as never));
    const sent = (await Promise.all(asked)).map((stats) => stats.bytesSent);
    expect(sent).toEqual(Array.from({ length: 1000 }, (_, i) => (i % 4) + 1));
    for (const { far } of pairs) far.destroy();
    await sink.close();
  });

  it('waits for a client that Node still writes to', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    near.write('x'.repeat(8_000_000));
    const client = sink.add(near, { head: Buffer.from('head') });
    const asked = sink.clientStats(client);
    far.resume();
    expect((await asked).connectedAt).toBeGreaterThan(0);
    far.destroy();
    await sink.close();
  });

  it('rejects for who has left, leaves now, or never came; throws for what is no client', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    const client = sink.add(near);
    const removed = nextRemoved(sink);
    sink.remove(client);
    const leaving = sink.clientStats(client);
    await expect(leaving).rejects.toMatchObject(GONE);
    await removed;
    await expect(sink.clientStats(client)).rejects.toMatchObject(GONE);
    const pending = await tcpPair();
    pending.near.write('x'.repeat(8_000_000));
    const early = sink.clientStats(sink.add(pending.near));
    sink.clear();
    await expect(early).rejects.toMatchObject({ code: 'ERR_FLUMEN_GONE' });
    expect(() => sink.clientStats({} as never)).toThrow(/clientStats: not a client: \{\}/);
    await sink.close();
    await expect(sink.clientStats(client)).rejects.toMatchObject(GONE);
    for (const socket of [far, pending.far]) socket.destroy();
  });

  it('a slot is free again although its client was asked about as it left, and no question stays open', async () => {
    const sink = new MultiSocketSink({ closeTimeout: 1 });
    for (let round = 0; round < 20; round += 1) {
      const { near, far } = await tcpPair();
      const client = sink.add(near);
      const asked = Array.from({ length: 10 }, () => sink.clientStats(client));
      sink.remove(client);
      asked.push(...Array.from({ length: 10 }, () => sink.clientStats(client)));
      const outcomes = await Promise.allSettled(asked);
      expect(outcomes.slice(10).every(({ status }) => status === 'rejected')).toBe(true);
      far.destroy();
    }
    const { near, far } = await tcpPair();
    const last = sink.add(near);
    const closing = once(sink, 'close');
    const asked = Promise.allSettled([sink.clientStats(last), sink.clientStats(last)]);
    const closed = sink.close();
    const late = Promise.allSettled([sink.clientStats(last)]);
    await Promise.all([closing, closed, asked, late]);
    expect(diagnostics()).toMatchObject({ liveClients: 0, openFds: 0 });
    far.destroy();
  });
});

describe('stats of a sink', () => {
  it('count the clients by state, and the time that is kept', async () => {
    const sink = new MultiSocketSink({ keep: { frames: 3 }, hardLimit: { frames: 9 }, closeTimeout: 1 });
    const none = { ready: 0, caughtUp: 0, waiting: 0, blocked: 0, lingering: 0 };
    expect(sink.stats).toMatchObject({ clientsByState: none, msQueued: 0 });
    const [reads, stalls] = await Promise.all([tcpPair(), tcpPair()]);
    const healthy = sink.add(reads.near);
    const slow = sink.add(stalls.near);
    const got = reader(reads.far);
    for (const dts of [0n, SECOND, 3n * SECOND]) sink.push(Buffer.alloc(3_000_000), { dts });
    await got.until(9_000_000);
    while ((await sink.clientStats(healthy)).state !== 'caught-up');
    while ((await sink.clientStats(slow)).state !== 'blocked');
    // An answer leaves a loop at the end of the turn that published its totals.
    await sink.clientStats(slow);
    expect(sink.stats).toMatchObject({
      clientsByState: { ...none, caughtUp: 1, blocked: 1 },
      msQueued: 3000,
    });
    await sink.close();
    expect(sink.stats).toMatchObject({ clientsByState: none, msQueued: 0 });
    for (const { far } of [reads, stalls]) far.destroy();
  });
});
