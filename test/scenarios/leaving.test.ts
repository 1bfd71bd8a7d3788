/**
 * Who leaves without being told to, and with what: timeouts and peers that go, measured on multifdsink, with our own
 * results worked out in the comments where they differ.
 */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MultiFdSink } from '../../lib/index.js';
import { reader, scratchFile, tcpPair } from '../sink/support.js';
import { KEY, page, pipeReceiver, pushEach, receiver, removalOf, settled } from './support.js';

describe('a client that is silent because the stream is', () => {
  // multifdsink removes both as slow: its timeout counts from the last write, also when there is nothing to write.
  it('stays, while one that takes nothing of what waits for it goes, without another push', async () => {
    const sink = new MultiFdSink({ stallTimeout: 50 });
    const [healthy, stuck, next] = [pipeReceiver(), pipeReceiver(1), pipeReceiver(1)];
    const stays = sink.add(healthy.target);
    const goes = removalOf(sink, sink.add(stuck.target));
    await pushEach(sink, [
      [page(0), KEY],
      [page(1), KEY],
    ]);
    expect(await goes).toMatchObject({ reason: 'slow', stats: { bytesSent: 4096 } });
    // Once more as long: the source pauses for more than twice the timeout.
    const later = removalOf(sink, sink.add(next.target, { head: Buffer.alloc(8192) }));
    expect(await later).toMatchObject({ reason: 'slow', stats: { bytesSent: 4096 } });
    expect([...sink.clients()]).toEqual([stays]);
    expect((await sink.clientStats(stays)).state).toBe('caught-up');
    for (const pipe of [healthy, stuck, next]) pipe.close();
    await sink.close();
  });

  // There, what a client sends puts off the timeouts of all.
  it('nobody else can put that off by talking', async () => {
    const sink = new MultiFdSink({ stallTimeout: 50 });
    const talker = await tcpPair();
    const stuck = pipeReceiver(1);
    const stays = sink.add(talker.near);
    const goes = removalOf(sink, sink.add(stuck.target));
    const talk = setInterval(() => talker.far.write('x'), 5);
    await pushEach(sink, [
      [page(0), KEY],
      [page(1), KEY],
    ]);
    expect((await goes).reason).toBe('slow');
    clearInterval(talk);
    expect([...sink.clients()]).toEqual([stays]);
    talker.far.destroy();
    stuck.close();
    await sink.close();
  });
});

describe('files', () => {
  // There, one that is open for reading too counts as readable, reads as ended, and is closed without a byte.
  it.each([
    ['for writing', 'w'],
    ['for reading and writing', 'w+'],
  ])('open %s: all bytes', async (_how, flags) => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const file = scratchFile();
    const fd = fs.openSync(file.name, flags);
    const removed = removalOf(sink, sink.add(fd));
    fs.closeSync(fd);
    await pushEach(sink, [
      [page(0), KEY],
      [page(1), KEY],
    ]);
    await sink.end();
    expect(await removed).toMatchObject({ reason: 'ended', stats: { bytesSent: 8192 } });
    expect(fs.readFileSync(file.name, 'latin1')).toBe(page(0) + page(1));
    file.remove();
  });
});

describe('a peer that goes', () => {
  // There, the reader of a pipe that goes is an error.
  it.each(['fifo', 'unix', 'tcp'] as const)('%s: closed, and the others do not notice', async (kind) => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const [goes, stays] = await Promise.all([receiver(kind), receiver(kind)]);
    const removed = removalOf(sink, sink.add(goes.target));
    sink.add(stays.target);
    await pushEach(sink, [[page(0), KEY]]);
    expect(await goes.until(4096)).toBe(page(0));
    // No push is needed to notice.
    goes.leave();
    expect(await removed).toMatchObject({ reason: 'closed', stats: { bytesSent: 4096 } });
    sink.push(page(1));
    expect(await stays.until(8192)).toBe(page(0) + page(1));
    stays.leave();
    await sink.close();
  });

  // There it is closed at once, and what waited for it is lost.
  it('by a FIN only: it gets what is pending, and nothing newer', async () => {
    const sink = new MultiFdSink({ positionOn: 'push', sendBuffer: 8192 });
    const { near, far } = await tcpPair();
    const client = sink.add(near);
    const removed = removalOf(sink, client);
    const frame = Buffer.alloc(1_000_000, page(0));
    sink.push(frame);
    sink.push('last');
    while ((await sink.clientStats(client)).state !== 'blocked');
    far.end();
    // The FIN has come when the client has a place to leave at.
    while (!/ 2 closed /.test(await sink.dump()));
    sink.push('newer');
    await settled(sink);
    const got = reader(far);
    const { text } = await got.all();
    expect(text.length).toBe(1_000_004);
    expect(text.slice(-4)).toBe('last');
    expect((await removed).reason).toBe('closed');
    far.destroy();
    await sink.close();
  });
});
