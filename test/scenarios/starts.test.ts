/**
 * Where a client starts and what is kept for it: cases measured on multifdsink, with our own results worked out in the
 * comments where they differ. Frame n is the 16 byte label n.
 */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { MultiFdSink } from '../../lib/index.js';
import { scratchFile } from '../sink/support.js';
import { DELTA, KEY, label, labels, pipeReceiver, pushEach, settled } from './support.js';

it('a minimum of frames is kept steadily', async () => {
  const sink = new MultiFdSink({ keep: { frames: 5 } });
  const kept: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    sink.push(label(i));
    await settled(sink);
    kept.push(sink.stats.framesQueued);
  }
  // multifdsink: 1, 2, 3, 4, 1, 2, 3, for there a reached minimum counts as none.
  expect(kept).toEqual([1, 2, 3, 4, 5, 5, 5]);
  await sink.close();
});

it('latest-keyframe: from the newest key frame, which is kept', async () => {
  const sink = new MultiFdSink({ positionOn: 'push', syncMethod: 'latest-keyframe' });
  const [z, a] = [pipeReceiver(), pipeReceiver()];
  sink.add(z.target);
  await pushEach(sink, [
    [label(0), DELTA], // Z finds no key frame and waits for one
    [label(1), KEY],
    [label(2), DELTA],
    [label(3), DELTA],
  ]);
  expect(sink.stats).toMatchObject({ framesQueued: 3, bytesServed: 48 });
  sink.add(a.target);
  await settled(sink);
  expect(sink.stats.bytesServed).toBe(48);
  await pushEach(sink, [[label(4), DELTA]]);
  expect(sink.stats.bytesServed).toBe(48 + 16 + 64);
  await pushEach(sink, [[label(5), KEY]]);
  expect(sink.stats.framesQueued).toBe(1);
  const got = [z.all(), a.all()];
  await sink.end();
  expect(await Promise.all(got)).toEqual([labels(1, 2, 3, 4, 5), labels(1, 2, 3, 4, 5)]);
});

it('latest-keyframe by default is answered at once, without a push', async () => {
  const sink = new MultiFdSink({ syncMethod: 'latest-keyframe' });
  sink.push(label(0), KEY);
  sink.push(label(1), DELTA);
  const a = pipeReceiver();
  sink.add(a.target);
  expect(await a.until(32)).toBe(labels(0, 1));
  await sink.close();
});

it("a client's own method finds what the sink's kept", async () => {
  const sink = new MultiFdSink({ positionOn: 'push' });
  await pushEach(sink, [
    [label(0), KEY],
    [label(1), DELTA],
  ]);
  // Nothing is kept for latest (multifdsink: always the newest frame).
  expect(sink.stats.framesQueued).toBe(0);
  const a = pipeReceiver();
  sink.add(a.target, { syncMethod: 'latest-keyframe' });
  await pushEach(sink, [
    [label(2), DELTA],
    [label(3), DELTA],
  ]);
  expect(sink.stats.bytesServed).toBe(0);
  sink.push(label(4), KEY);
  sink.push(label(5), DELTA);
  const got = a.all();
  await sink.end();
  expect(await got).toBe(labels(4, 5));
});

it('burst-keyframe uses a key frame that is the oldest frame kept', async () => {
  const sink = new MultiFdSink({ positionOn: 'push', syncMethod: 'burst-keyframe', burstMin: { bytes: 32 } });
  await pushEach(sink, [
    [label(0), KEY],
    [label(1), DELTA],
    [label(2), DELTA],
    [label(3), DELTA],
  ]);
  // 32 bytes begin at 2, the key frame before is 0: that is what a newcomer would need.
  expect(sink.stats.framesQueued).toBe(4);
  const [a, b] = [pipeReceiver(), pipeReceiver()];
  sink.add(a.target);
  sink.add(b.target, { syncMethod: 'burst-with-keyframe' });
  await pushEach(sink, [[label(4), DELTA]]);
  // 32 bytes begin at 3, and there is no maximum to forbid 0. multifdsink passes over a key frame at its maximum, which
  // without one is the oldest frame: A would wait, B would get 3 and 4.
  expect(sink.stats.bytesServed).toBe(2 * 80);
  await pushEach(sink, [
    [label(5), DELTA],
    [label(6), KEY],
    [label(7), DELTA],
  ]);
  const got = [a.all(), b.all()];
  await sink.end();
  expect(await Promise.all(got)).toEqual([labels(0, 1, 2, 3, 4, 5, 6, 7), labels(0, 1, 2, 3, 4, 5, 6, 7)]);
});

it('what keep asks for is there for a file too', async () => {
  const sink = new MultiFdSink({ keep: { frames: 5 } });
  for (let i = 0; i < 7; i += 1) sink.push(label(i));
  const file = scratchFile();
  const fd = fs.openSync(file.name, 'w');
  sink.add(fd, { syncMethod: 'burst', burstMin: { frames: 3 } });
  fs.closeSync(fd);
  await sink.end();
  expect(fs.readFileSync(file.name, 'latin1')).toBe(labels(4, 5, 6));
  file.remove();
});

// Key frames 0, 4 and 8 of 0 to 9; 50 bytes begin at 6, and from 4 on it is 96.
it.each([
  // multifdsink wants less than the maximum: 8 and 9, and from 6 on.
  ['burst-keyframe', 96, [4, 5, 6, 7, 8, 9]],
  ['burst-with-keyframe', 96, [4, 5, 6, 7, 8, 9]],
  ['burst-keyframe', 95, [8, 9]],
  ['burst-with-keyframe', 95, [6, 7, 8, 9]],
] as const)('%s, at most %i bytes: a maximum may be reached', async (syncMethod, max, expected) => {
  const sink = new MultiFdSink({ keep: { frames: 10 } });
  for (let i = 0; i < 10; i += 1) sink.push(label(i), i % 4 === 0 ? KEY : DELTA);
  const a = pipeReceiver();
  sink.add(a.target, { syncMethod, burstMin: { bytes: 50 }, burstMax: { bytes: max } });
  const got = a.all();
  await sink.end();
  expect(await got).toBe(labels(...expected));
});

it.each([
  // multifdsink would begin one frame later in the first two, at the newest in the third, and one later in the fourth.
  ['more than there is: all there is', { bytes: 1000 }, undefined, [0, 1, 2, 3, 4]],
  ['exactly all there is', { bytes: 80 }, undefined, [0, 1, 2, 3, 4]],
  ['counted in frames', { frames: 3 }, undefined, [2, 3, 4]],
  ['a maximum just above the minimum', { bytes: 33 }, { bytes: 48 }, [2, 3, 4]],
  // 33 bytes begin at 2, which makes 48 > 40: one newer.
  ['a maximum that cuts into the minimum', { bytes: 33 }, { bytes: 40 }, [3, 4]],
  ['a maximum of frames', { bytes: 1000 }, { frames: 2 }, [3, 4]],
  ['a maximum of nothing: the newest all the same', { bytes: 0 }, { bytes: 0 }, [4]],
  // 100 bytes are not there, so all; but the maximum of time allows only T(4) - T(s) <= 200 ms.
  ['a minimum in bytes, a maximum in time', { bytes: 100 }, { ms: 200 }, [2, 3, 4]],
  // T(4) - T(s) >= 150 ms: 2.
  ['a time', { ms: 150 }, undefined, [2, 3, 4]],
])('burst: %s', async (_name, burstMin, burstMax, expected) => {
  const sink = new MultiFdSink({
    syncMethod: 'burst',
    burstMin,
    ...(burstMax && { burstMax }),
    keep: { frames: 5 },
  });
  for (let i = 0; i < 5; i += 1) sink.push(label(i), { pts: BigInt(i) * 100_000_000n });
  const a = pipeReceiver();
  sink.add(a.target);
  const got = a.all();
  await sink.end();
  expect(await got).toBe(labels(...expected));
});
