/**
 * How far a client may lag. The client that lags is a pipe that holds exactly one frame of 4096 bytes: it has frame 0, and
 * every later frame waits whole. Each push is judged before the next. Expected values are worked out from
 * docs/semantics.md: lag counts every waiting frame, and a limit acts when the lag is more than it.
 */
import { describe, expect, it } from 'vitest';
import { type FrameInfo, MultiFdSink, type SinkOptions } from '../../lib/index.js';
import { big, DELTA, KEY, numbersIn, page, pipeReceiver, pushEach, removalOf, settled } from './support.js';

const pages = (count: number, info: (i: number) => FrameInfo = () => KEY): [string, FrameInfo][] =>
  Array.from({ length: count }, (_, i) => [page(i), info(i)]);

/** K where `pattern` has a K. */
const byPattern = (pattern: string): [string, FrameInfo][] =>
  pages(pattern.length, (i) => (pattern[i] === 'K' ? KEY : DELTA));

/** Pushes `frames` at a stuck client, then reads all it gets: the numbers of its frames and how many it missed. */
async function stuck(
  options: SinkOptions,
  frames: [string, FrameInfo][],
  later: [string, FrameInfo][] = [],
): Promise<{ got: number[]; dropped: number }> {
  const sink = new MultiFdSink({ positionOn: 'push', ...options });
  const pipe = pipeReceiver(1);
  const client = sink.add(pipe.target);
  const removed = removalOf(sink, client);
  await pushEach(sink, frames);
  if (later.length > 0) {
    // It has read everything that waited before more comes.
    await pipe.until(4096);
    await pushEach(sink, later);
  }
  const text = pipe.all();
  await sink.end();
  return { got: numbersIn(await text, 4096), dropped: (await removed).stats.framesDropped };
}

describe('recovery', () => {
  // The client has frame 0; with frame n it lags n frames, from 4 on too many.
  it.each([
    ['none', [0, 1, 2, 3, 4, 5, 6, 7], 0],
    // Frame 4: from 1 to 4, three dropped. Frame 7: from 4 to 7, three more. multifdsink jumps over the newest as well.
    ['latest', [0, 7], 6],
    // From frame 4 on, one each time: 1, 2, 3, 4. multifdsink tolerates one frame more (drops three).
    ['soft-limit', [0, 5, 6, 7], 4],
    // All are key frames: as latest. multifdsink takes the key frame nearest to where the client was: one at a time.
    ['keyframe', [0, 7], 6],
  ] as const)('%s', async (recoverPolicy, got, dropped) => {
    const options: SinkOptions = { softLimit: { frames: 3 }, recoverPolicy };
    expect(await stuck(options, pages(8))).toEqual({ got, dropped });
  });

  it('keyframe: to the newest key frame, and there it stays until a newer one comes', async () => {
    const options: SinkOptions = { softLimit: { frames: 5 }, recoverPolicy: 'keyframe' };
    // With frame 6 the lag is 6: from 1 to key frame 3, two dropped. Frames 9 to 11 find it more than 5 behind
    // again, but on the newest key frame already. (multifdsink would jump to nowhere and resume with a delta.)
    expect(await stuck(options, byPattern('KddKdddddddd'))).toEqual({
      got: [0, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      dropped: 2,
    });
    // Frame 12 is a newer one: from 3 to 12, nine more.
    expect(await stuck(options, byPattern('KddKddddddddK'))).toEqual({ got: [0, 12], dropped: 11 });
  });

  it('keyframe: once for each key frame, wherever the cursor is by then', async () => {
    const sink = new MultiFdSink({
      positionOn: 'push',
      softLimit: { frames: 5 },
      recoverPolicy: 'keyframe',
    });
    const pipe = pipeReceiver(1);
    const removed = removalOf(sink, sink.add(pipe.target));
    // As above: with frame 6 it goes to 3.
    await pushEach(sink, byPattern('KddKddd'));
    expect(numbersIn(pipe.takePage(), 4096)).toEqual([0]);
    // Frame 3 goes into the pipe. The second barrier is a turn that has surely seen that there was room.
    await settled(sink);
    await settled(sink);
    // From 4 to 10 it is 7 frames, and 3 is behind it. To wait for the next key frame would lose it once more.
    await pushEach(sink, byPattern('KddKddddddd').slice(7));
    const text = pipe.all();
    await sink.end();
    expect(numbersIn(await text, 4096)).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect((await removed).stats.framesDropped).toBe(2);
  });

  it('keyframe: with none ahead it waits for the next, and lags behind nothing meanwhile', async () => {
    const options: SinkOptions = {
      softLimit: { frames: 2 },
      hardLimit: { frames: 4 },
      recoverPolicy: 'keyframe',
    };
    // With frame 3 the lag is 3. Key frame 0 is behind it: it waits; 1 to 9 are lost, 10 is a key frame.
    expect(await stuck(options, byPattern('Kddddddddd'), [[page(10), KEY]])).toEqual({
      got: [0, 10],
      dropped: 9,
    });
  });

  it('the frame that has been begun is completed: nobody sees a torn one', async () => {
    const sink = new MultiFdSink({
      positionOn: 'push',
      softLimit: { frames: 2 },
      recoverPolicy: 'latest',
    });
    const pipe = pipeReceiver(1);
    const client = sink.add(pipe.target);
    // A pipe takes a part of frame 0, which then does not count: with frame 3 the lag is 3, from 1 to 3.
    await pushEach(sink, [
      [big(0), KEY],
      [big(1), KEY],
      [big(2), KEY],
      [big(3), KEY],
    ]);
    const removed = removalOf(sink, client);
    const text = pipe.all();
    await sink.end();
    expect(numbersIn(await text, 262_144)).toEqual([0, 3]);
    expect((await removed).stats.framesDropped).toBe(2);
  });
});

describe('the hard limit', () => {
  it('kick: of three clients the one that does not read goes, the others miss nothing', async () => {
    const sink = new MultiFdSink({ positionOn: 'push', hardLimit: { frames: 3 } });
    const [a, b, c] = [pipeReceiver(), pipeReceiver(), pipeReceiver()];
    const [inA, inB, inC] = [sink.add(a.target), sink.add(b.target), sink.add(c.target)];
    const kicked = removalOf(sink, inB);
    await pushEach(sink, [
      [big(0), KEY],
      [big(1), KEY],
      [big(2), KEY],
    ]);
    expect(sink.size).toBe(3);
    const three = 3 * 262_144;
    for (const text of [await a.until(three), await c.until(three)]) {
      expect(numbersIn(text, 262_144)).toEqual([0, 1, 2]);
    }
    expect(sink.size).toBe(3);
    // The frame that B is in the middle of does not count: with frame 3 it lags 3, with frame 4 it lags 4.
    await pushEach(sink, [[big(3), KEY]]);
    expect(sink.size).toBe(3);
    sink.push(big(4));
    expect(await kicked).toMatchObject({ reason: 'slow', client: inB });
    expect(sink.size).toBe(2);
    for (const text of [await a.until(5 * 262_144), await c.until(5 * 262_144)]) {
      expect(numbersIn(text, 262_144)).toEqual([0, 1, 2, 3, 4]);
    }
    for (const client of [inA, inC]) sink.remove(client);
    for (const text of [await a.all(), await c.all()]) expect(text.length).toBe(5 * 262_144);
    b.close();
    await sink.close();
  });

  const spaced = (i: number): FrameInfo => ({ pts: BigInt(i) * 100_000_000n });

  it.each([
    // With frame n, n frames wait: 4 are more than 3. Pushes 1 to 5.
    ['frames', { frames: 3 }, 5],
    // 4096 n > 16384 from n = 5 on. multifdsink does not count the frame at the cursor: there it is n = 6.
    ['bytes', { bytes: 16_384 }, 6],
    // The cursor is at 1: 100 ms (n - 1) > 300 ms from n = 5 on.
    ['ms', { ms: 300 }, 6],
  ])('in %s', async (_unit, hardLimit, pushes) => {
    const sink = new MultiFdSink({ positionOn: 'push', hardLimit });
    const pipe = pipeReceiver(1);
    const removed = removalOf(sink, sink.add(pipe.target));
    await pushEach(sink, pages(pushes - 1, spaced));
    expect(sink.size).toBe(1);
    await pushEach(sink, [[page(pushes - 1), spaced(pushes - 1)]]);
    expect(sink.size).toBe(0);
    expect(await removed).toMatchObject({ reason: 'slow', stats: { bytesSent: 4096, framesDropped: 0 } });
    // multifdsink keeps one.
    expect(sink.stats.framesQueued).toBe(0);
    expect(numbersIn(await pipe.all(), 4096)).toEqual([0]);
    await sink.close();
  });

  it('in ms, of a stream without timestamps: counted by arrival', async () => {
    const sink = new MultiFdSink({ positionOn: 'push', hardLimit: { ms: 30 } });
    const pipe = pipeReceiver(1);
    const removed = removalOf(sink, sink.add(pipe.target));
    const producer = setInterval(() => sink.push(page(0)), 2);
    // multifdsink would never limit it.
    expect((await removed).reason).toBe('slow');
    clearInterval(producer);
    pipe.close();
    await sink.close();
  });

  it('a burst never kills a newcomer, however far back it begins', async () => {
    const sink = new MultiFdSink({
      syncMethod: 'burst',
      burstMin: { frames: 6 },
      hardLimit: { frames: 3 },
    });
    await pushEach(sink, pages(6));
    const pipe = pipeReceiver(1);
    const client = sink.add(pipe.target);
    await settled(sink);
    // Frame 0 is in the pipe, five wait; it may lag the six that it started with.
    await pushEach(sink, [[page(6), KEY]]);
    expect(sink.size).toBe(1);
    const removed = removalOf(sink, client);
    sink.push(page(7));
    expect((await removed).reason).toBe('slow');
    pipe.close();
    await sink.close();
  });
});

describe('rules of its own, and rules that change', () => {
  it("a client's own limit is used instead of the sink's", async () => {
    const sink = new MultiFdSink({ positionOn: 'push', hardLimit: { frames: 3 } });
    const [patient, usual] = [pipeReceiver(1), pipeReceiver(1)];
    const stays = sink.add(patient.target, { hardLimit: { frames: 100 } });
    const goes = removalOf(sink, sink.add(usual.target));
    await pushEach(sink, pages(20));
    expect((await goes).reason).toBe('slow');
    expect([...sink.clients()]).toEqual([stays]);
    const text = patient.all();
    await sink.end();
    expect(numbersIn(await text, 4096)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    usual.close();
  });

  it('setLimits acts on clients that lag already, and leaves alone what it does not name', async () => {
    const sink = new MultiFdSink({ positionOn: 'push', hardLimit: { frames: 10 } });
    const [a, b] = [pipeReceiver(1), pipeReceiver(1)];
    const inA = sink.add(a.target);
    const inB = sink.add(b.target, { hardLimit: { frames: 10 } });
    await pushEach(sink, pages(8));
    expect(sink.size).toBe(2);
    // Both lag 7.
    sink.setLimits({ softLimit: { frames: 4 }, recoverPolicy: 'soft-limit' });
    await settled(sink);
    const gone = removalOf(sink, inA);
    sink.setLimits({ hardLimit: { frames: 4 } });
    await settled(sink);
    // A has been moved to a lag of 4, so the new hard limit does not strike; B keeps its own rules.
    expect(sink.size).toBe(2);
    expect(() => sink.setLimits({ hardLimit: { frames: 3 } })).toThrow(
      /softLimit.frames \(4\).*hardLimit.frames/,
    );
    sink.setLimits({ softLimit: { frames: 1 }, hardLimit: { frames: 3 }, recoverPolicy: 'none' });
    expect(await gone).toMatchObject({ reason: 'slow', stats: { framesDropped: 3 } });
    expect([...sink.clients()]).toEqual([inB]);
    for (const pipe of [a, b]) pipe.close();
    await sink.close();
  });
});

describe('remove with flush', () => {
  it('an idle client goes at once', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const pipe = pipeReceiver();
    const client = sink.add(pipe.target);
    const removed = removalOf(sink, client);
    sink.remove(client, { flush: true });
    // multifdsink would keep it until the next frame.
    expect(await removed).toMatchObject({ reason: 'removed', stats: { bytesSent: 0 } });
    pipe.close();
    await sink.close();
  });

  it('a client that lags gets what waits for it then, and nothing newer', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const pipe = pipeReceiver(1);
    const client = sink.add(pipe.target);
    await pushEach(sink, pages(4));
    const removed = removalOf(sink, client);
    sink.remove(client, { flush: true });
    sink.push(page(4));
    sink.remove(client, { flush: true });
    await settled(sink);
    expect(sink.size).toBe(1);
    expect(numbersIn(await pipe.all(), 4096)).toEqual([0, 1, 2, 3]);
    expect((await removed).reason).toBe('removed');
    await sink.close();
  });

  it('a client that waits for a key frame is owed nothing', async () => {
    const sink = new MultiFdSink({ syncMethod: 'next-keyframe' });
    const pipe = pipeReceiver();
    const client = sink.add(pipe.target, { head: Buffer.from('head') });
    sink.push(page(0), DELTA);
    const removed = removalOf(sink, client);
    sink.remove(client, { flush: true });
    sink.push(page(1), KEY);
    expect((await removed).reason).toBe('removed');
    expect(await pipe.all()).toBe('head');
    await sink.close();
  });

  it('a plain remove cuts the flush short', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const pipe = pipeReceiver(1);
    const client = sink.add(pipe.target);
    await pushEach(sink, pages(4));
    const removed = removalOf(sink, client);
    sink.remove(client, { flush: true });
    // multifdsink ignores it from here on; only clear() would help there.
    sink.remove(client);
    expect(await removed).toMatchObject({ reason: 'removed', stats: { bytesSent: 4096 } });
    expect(numbersIn(await pipe.all(), 4096)).toEqual([0]);
    await sink.close();
  });
});
