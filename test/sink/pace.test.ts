import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FdSource, MultiFdSink, type SinkOptions } from '../../lib/index.js';
import { fifo, nextRemoved, reader, scratchFile, tcpPair } from './support.js';

const KIB = 1024;

/** A FIFO that nobody reads and that takes nothing more. */
function fullPipe(): ReturnType<typeof fifo> & { filled: number } {
  const pipe = fifo();
  const again = fs.openSync(`/proc/self/fd/${pipe.write}`, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
  let filled = 0;
  try {
    for (;;) filled += fs.writeSync(again, Buffer.alloc(4 * KIB));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
  }
  fs.closeSync(again);
  return { ...pipe, filled };
}

/** `size` bytes that repeat nowhere, and their digest. */
function noise(size: number): { bytes: Buffer; digest: string } {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return { bytes, digest: digestOf(bytes) };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads `far` to its end, and lets the event loop turn between two pieces. */
async function readSlowly(far: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of far) {
    hash.update(chunk as Buffer);
    await new Promise(setImmediate);
  }
  return hash.digest('hex');
}

describe("pace: 'wait'", () => {
  let sink: MultiFdSink;
  let pipe: ReturnType<typeof fullPipe>;
  const open = (options: SinkOptions = {}): MultiFdSink => {
    sink = new MultiFdSink({ pace: 'wait', softLimit: { frames: 3 }, closeTimeout: 50, ...options });
    return sink;
  };
  /** Pushes until the gate is closed. */
  const fill = (): void => {
    while (sink.push('frame'));
  };

  beforeEach(() => {
    pipe = fullPipe();
  });
  afterEach(async () => {
    await sink.close();
    pipe.close();
  });

  it('counts what no loop has seen yet: the push that goes beyond the limit is answered with false', () => {
    open().add(pipe.write);
    const answers = [1, 2, 3, 4, 5].map((i) => sink.push(`frame ${i}`));
    expect(answers).toEqual([true, true, true, false, false]);
  });

  it('drain comes once for all the pushes that were answered with false, and only then', async () => {
    open().add(pipe.write);
    fill();
    let drains = 0;
    sink.on('drain', () => {
      drains += 1;
    });
    expect(sink.push('frame')).toBe(false);
    expect(sink.push('frame')).toBe(false);
    fs.readSync(pipe.read, Buffer.alloc(pipe.filled));
    await once(sink, 'drain');
    expect(drains).toBe(1);
    expect(sink.push('frame')).toBe(true);
    const got = Buffer.alloc(1000);
    expect(got.toString('latin1', 0, fs.readSync(pipe.read, got))).toMatch(/^(frame)+$/);
  });

  it('without clients nobody waits, and neither does anybody with pace live', async () => {
    open({ softLimit: { frames: 0 } });
    for (let i = 0; i < 1000; i += 1) expect(sink.push('frame')).toBe(true);
    await sink.close();
    open({ pace: 'live' }).add(pipe.write);
    for (let i = 0; i < 1000; i += 1) expect(sink.push('frame')).toBe(true);
  });

  it('the dead are removed after stallTimeout, and the others go on', async () => {
    open({ stallTimeout: 60 }).add(pipe.write);
    fill();
    const [removed] = await Promise.all([nextRemoved(sink), once(sink, 'drain')]);
    expect(removed.reason).toBe('slow');
    expect(sink.push('frame')).toBe(true);
  });

  it('a client that is removed opens the gate', async () => {
    const client = open().add(pipe.write);
    fill();
    sink.remove(client);
    await once(sink, 'drain');

    expect(sink.push('frame')).toBe(true);
  });

  it('setLimits opens it and closes it', async () => {
    open().add(pipe.write);
    fill();
    sink.setLimits({ softLimit: { frames: 100 } });
    await once(sink, 'drain');
    expect(sink.push('frame')).toBe(true);
    sink.setLimits({ softLimit: { frames: 2 } });
    await sink.clientStats(sink.clients().next().value as never);
    expect(sink.push('frame')).toBe(false);
  });

  it('a producer that does not heed it meets the hard limit', async () => {
    open({ hardLimit: { frames: 6 } }).add(pipe.write);
    const gone = nextRemoved(sink);
    for (let i = 0; i < 7; i += 1) sink.push('frame');
    expect((await gone).reason).toBe('slow');
  });

  it('writable() writes no faster than the slowest client reads', async () => {
    const { bytes, digest } = noise(4 * KIB * KIB);
    open({ softLimit: { bytes: 100_000 }, sendBuffer: 16_384 });
    const pairs = await Promise.all([tcpPair(), tcpPair()]);
    for (const { near } of pairs) sink.add(near);
    const [slow, fast] = [readSlowly(pairs[0].far), reader(pairs[1].far).all()];
    let most = 0;
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += 10_000) {
        most = Math.max(most, sink.stats.bytesQueued);
        yield bytes.subarray(at, at + 10_000);
      }
    }
    await pipeline(chunks, sink.writable());
    await sink.end();
    expect(await slow).toBe(digest);
    expect(digestOf(Buffer.from((await fast).text, 'latin1'))).toBe(digest);
    expect(most).toBeGreaterThan(50_000);
    // The limit, the frame that went beyond it, and the one that is begun.
    expect(most).toBeLessThanOrEqual(120_000);
    expect(sink.stats.clientsRemoved).toBe(2);
  });

  it('writable() is a web stream with back-pressure, too', async () => {
    open().add(pipe.write);
    const writer = Writable.toWeb(sink.writable()).getWriter();
    // More than the stream itself would buffer.
    const frame = Buffer.alloc(128 * KIB);
    for (let i = 0; i < 3; i += 1) await writer.write(frame);
    let done = false;
    const fourth = writer.write(frame).then(() => {
      done = true;
    });
    await sink.clientStats(sink.clients().next().value as never);
    expect(done).toBe(false);
    sink.remove(sink.clients().next().value as never);
    await fourth;
    await writer.close();
  });

  it('a writer that waits is released with an error when the sink ends, and drain is emitted', async () => {
    open().add(pipe.write);
    const stream = sink.writable();
    fill();
    const failed = new Promise((resolve) => stream.write('frame', resolve));
    const error = once(stream, 'error');
    const drained = once(sink, 'drain');
    const closed = sink.close();
    expect(await failed).toMatchObject({ code: 'ERR_FLUMEN_CLOSED', message: 'push: the sink is ending' });
    expect((await error)[0]).toMatchObject({ code: 'ERR_FLUMEN_CLOSED' });
    await Promise.all([drained, closed]);
    expect(() => sink.push('x')).toThrow(/push: the sink is closed/);
  });

  describe('native sources', () => {
    const { bytes, digest } = noise(3 * KIB * KIB);

    async function carry(attach: (source: FdSource) => () => void): Promise<number> {
      open({ softLimit: { bytes: 65_536 }, sendBuffer: 16_384 });
      const { near, far } = await tcpPair();
      sink.add(near);
      let drains = 0;
      sink.on('drain', () => {
        drains += 1;
      });
      const source = new FdSource(sink);
      const done = attach(source);
      const slow = readSlowly(far);
      await once(source, 'end');
      expect(source.bytesRead).toBe(bytes.length);
      await source.close();
      done();
      await sink.end();
      expect(await slow).toBe(digest);
      expect(drains).toBe(0);
      return sink.stats.bytesToServe;
    }

    it('a file: every byte, at the pace of a slow reader, and no event for it', async () => {
      const file = scratchFile();
      fs.writeFileSync(file.name, bytes);
      const fd = fs.openSync(file.name, 'r');
      await carry((source) => {
        source.attach(fd);
        return () => {
          fs.closeSync(fd);
          file.remove();
        };
      });
    });

    it('a pipe: the same, and whoever writes to it is held up by the kernel', async () => {
      const feed = fifo();
      await carry((source) => {
        source.attach(feed.read);
        const writer = fs.createWriteStream('', { fd: feed.write });
        writer.end(bytes);
        return () => fs.closeSync(feed.read);
      });
    });

    it('a source that waits reads nothing: a file stays where it is until the client is gone', async () => {
      open({ softLimit: { bytes: 100_000 }, hardLimit: { bytes: 1_000_000 } }).add(pipe.write);
      const file = scratchFile();
      fs.writeFileSync(file.name, bytes);
      const fd = fs.openSync(file.name, 'r');
      const source = new FdSource(sink);
      source.attach(fd);
      const client = sink.clients().next().value as never;
      // Any number of turns of the loops later it is no further.
      for (let i = 0; i < 20; i += 1) await sink.clientStats(client);
      while (source.bytesRead <= 100_000) await sink.clientStats(client);
      const before = source.bytesRead;
      for (let i = 0; i < 50; i += 1) await sink.clientStats(client);
      expect(source.bytesRead).toBe(before);
      expect(before).toBeLessThanOrEqual(100_000 + 64 * KIB);
      sink.remove(client);
      await once(source, 'end');
      expect(source.bytesRead).toBe(bytes.length);
      await source.close();
      fs.closeSync(fd);
      file.remove();
    });

    it('ends with the sink, whether it waits or not', async () => {
      for (const stuck of [true, false]) {
        open({ softLimit: { bytes: 1000 } });
        if (stuck) sink.add(pipe.write);
        const feed = fifo();
        const source = new FdSource(sink);
        source.attach(feed.read);
        fs.writeSync(feed.write, Buffer.alloc(60_000));
        const ended = once(source, 'end');
        await Promise.all([sink.close(), ended]);
        expect(source.attached).toBe(false);
        await source.close();
        feed.close();
      }
    });
  });

  it.each([
    [{ pace: 'slow' }, /pace must be "live" or "wait", not "slow"/, TypeError],
    [{ recoverPolicy: 'latest' }, /recoverPolicy must be "none" with pace "wait"/, RangeError],
    [
      { softLimit: { bytes: 100_000 }, memoryCap: 65_536 },
      /softLimit.bytes \(100000\) must not be over memoryCap \(65536\) with pace "wait"/,
      RangeError,
    ],
  ] as [SinkOptions, RegExp, typeof TypeError][])('%j is refused', async (options, message, type) => {
    open();
    const make = (): unknown => new MultiFdSink({ pace: 'wait', ...options });
    expect(make).toThrow(message);
    expect(make).toThrow(type);
    if ('recoverPolicy' in options) {
      expect(() => sink.add(pipe.write, options)).toThrow(message);
      expect(() => sink.setLimits(options)).toThrow(message);
    }
  });

  it('its default soft limit is 1 MiB', () => {
    open({ softLimit: undefined as never }).add(pipe.write);
    expect(sink.push(Buffer.alloc(1024 * 1024))).toBe(true);
    expect(sink.push('d')).toBe(false);
  });
});
