/**
 * The scenarios of multifdsink (on pipes) and multisocketsink (on sockets) for delivery and bursts, with the start worked
 * out by the next push as there. In them "frame n" is the 16 byte label n; what is expected is worked out from
 * docs/semantics.md and is the same as theirs unless a comment says otherwise.
 */
import { describe, expect, it } from 'vitest';
import { MultiFdSink, type SinkOptions } from '../../lib/index.js';
import { DELTA, KEY, type Kind, label, labels, pushEach, receiver, settled } from './support.js';

const kinds: Kind[] = ['fifo', 'unix', 'tcp'];

/** Frames 0 to 8; `keys`: which of them are key frames. */
async function pushNine(sink: MultiFdSink, keys: readonly number[] | 'all'): Promise<void> {
  for (let i = 0; i < 9; i += 1) sink.push(label(i), keys === 'all' || keys.includes(i) ? KEY : DELTA);
  await settled(sink);
}

it('no clients: a push is accepted, and nothing is kept for nobody', async () => {
  const sink = new MultiFdSink({ positionOn: 'push' });
  expect(sink.push('abcd')).toBe(true);
  await settled(sink);
  // multifdsink would keep the newest; nobody here could ever be given it.
  expect(sink.stats).toMatchObject({ bytesToServe: 4, bytesServed: 0, framesQueued: 0 });
  await sink.close();
});

describe.each(kinds)('over %s', (kind) => {
  it('a client that is added before the first frame gets it', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const a = await receiver(kind);
    sink.add(a.target);
    sink.push('dead');
    expect(await a.until(4)).toBe('dead');
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(4);
    a.leave();
    await sink.close();
  });

  // Their buffers have several memory chunks; ours are one run of bytes, and it is frames that one write gathers.
  it('two frames, and nine, arrive as the bytes they are', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    const a = await receiver(kind);
    sink.add(a.target);
    sink.push('dead');
    sink.push(Buffer.from('x good x').subarray(1, 6));
    expect(await a.until(9)).toBe('dead good');
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(9);
    const nine = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
    for (const word of nine) sink.push(word);
    expect(await a.until(9 + 36)).toBe(`dead good${nine.join('')}`);
    a.leave();
    await sink.close();
  });

  /** A by the sink's rule, B and C with a burst of their own; what each got, all of it. */
  async function burst(
    method: 'burst' | 'burst-keyframe' | 'burst-with-keyframe',
    keys: readonly number[] | 'all',
    maxOfB: number,
  ): Promise<string[]> {
    const options: SinkOptions = {
      positionOn: 'push',
      keep: { bytes: 100 },
      syncMethod: method,
      burstMin: { bytes: 80 },
    };
    const sink = new MultiFdSink(options);
    await pushNine(sink, keys);
    // 6 frames are 96 bytes, 7 are 112: the fewest that make 100. No method reaches further back.
    expect(sink.stats).toMatchObject({ framesQueued: 7, bytesQueued: 112 });
    expect(sink.size).toBe(0);
    const [a, b, c] = await Promise.all([receiver(kind), receiver(kind), receiver(kind)]);
    sink.add(a.target);
    expect(sink.size).toBe(1);
    sink.add(b.target, { burstMin: { bytes: 50 }, burstMax: { bytes: maxOfB } });
    sink.add(c.target, { burstMin: { bytes: 50 }, burstMax: { bytes: 50 } });
    expect(sink.size).toBe(3);
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(0);
    sink.push(label(9), keys === 'all' ? KEY : DELTA);
    const ended = sink.end();
    const got = await Promise.all([a.all(), b.all(), c.all()]);
    for (const one of [a, b, c]) one.leave();
    await ended;
    return got;
  }

  it('burst', async () => {
    expect(await burst('burst', 'all', 200)).toEqual([
      labels(5, 6, 7, 8, 9), // 80 bytes
      labels(6, 7, 8, 9), // 64: the fewest frames that make 50
      labels(7, 8, 9), // 64 are more than 50, so 48: the maximum wins
    ]);
  });

  it('burst-keyframe', async () => {
    expect(await burst('burst-keyframe', [0, 4, 8], 90)).toEqual([
      labels(4, 5, 6, 7, 8, 9), // 80 bytes begin at 5; the key frame before is 4
      labels(8, 9), // 50 bytes begin at 6; from 4 on it is 96 > 90, so the first key frame behind 6
      labels(8, 9), // the same from 7
    ]);
  });

  it('burst-with-keyframe', async () => {
    expect(await burst('burst-with-keyframe', [0, 4, 8], 90)).toEqual([
      labels(4, 5, 6, 7, 8, 9), // as above
      labels(6, 7, 8, 9), // 4 is out of reach: as burst
      labels(7, 8, 9),
    ]);
  });

  it('next-keyframe', async () => {
    const sink = new MultiFdSink({ positionOn: 'push', syncMethod: 'next-keyframe' });
    const a = await receiver(kind);
    sink.add(a.target);
    await pushEach(sink, [
      [label(0), KEY],
      [label(1), DELTA],
    ]);
    expect(await a.until(32)).toBe(labels(0, 1));
    a.leave();
    await sink.close();
  });
});
