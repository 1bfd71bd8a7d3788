import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../lib/server/demo.js';
import { splitFrames } from '../../lib/server/mpeg-frames.js';
import { listen, publish, serve } from './support.js';

const file = new URL('../../web/demo.mp3', import.meta.url);

describe('the demo file', () => {
  const data = readFileSync(file);
  const frames = splitFrames(data);

  it('is small and consists of whole frames of one length, ten to twelve seconds', () => {
    expect(statSync(file).size).toBeLessThan(200_000);
    expect(new Set(frames.map(({ bytes }) => bytes.length)).size).toBe(1);
    const seconds = Number(frames.reduce((sum, { duration }) => sum + duration, 0n)) / 1e9;
    expect(seconds).toBeGreaterThanOrEqual(10);
    expect(seconds).toBeLessThanOrEqual(12);
  });

  it('has neither ID3 nor Xing in it', () => {
    for (const mark of ['ID3', 'Xing', 'Info', 'TAG']) expect(data.includes(mark)).toBe(false);
  });

  it('begins without the bit reservoir of a frame before it, so that it loops', () => {
    // main_data_begin: the first 9 bits behind the header of a frame without CRC.
    const first = frames[0]!.bytes;
    expect((first[4]! << 1) | (first[5]! >> 7)).toBe(0);
  });
});

describe('splitFrames', () => {
  it('knows the lengths of MPEG 1, 2 and 2.5 frames', () => {
    // 128 kbit/s at 44.1 kHz with and without padding, 64 kbit/s at 22.05 kHz, 32 kbit/s at 8 kHz.
    for (const [header, length, ms] of [
      [0xfffb9000, 417, 26.122],
      [0xfffb9200, 418, 26.122],
      [0xfff38000, 208, 26.122],
      [0xffe34800, 288, 72],
    ] as const) {
      const frame = Buffer.alloc(length);
      frame.writeUInt32BE(header);
      const [one, two, ...more] = splitFrames(Buffer.concat([frame, frame]));
      expect([one?.bytes.length, two?.bytes.length, more]).toEqual([length, length, []]);
      expect(Number(one!.duration) / 1e6).toBeCloseTo(ms, 2);
    }
  });

  it('says where something is wrong', () => {
    const frame = Buffer.alloc(417);
    frame.writeUInt32BE(0xfffb9000);
    expect(() => splitFrames(Buffer.concat([frame, Buffer.from('junk')]))).toThrow('at byte 417');
    expect(() => splitFrames(frame.subarray(0, 300))).toThrow('at byte 0 is cut off');
    expect(() => splitFrames(Buffer.of(0xff))).toThrow('at byte 0');
  });
});

describe('Pacer', () => {
  it('is exact over a day of uneven ticks', () => {
    const pacer = new Pacer(24, 1000);
    let now = 1000;
    let sent = 0;
    for (let i = 0; i < 432_000; i++) {
      now += 100 + (i % 7) * 33.3;
      sent += pacer.due(now);
    }
    expect(sent).toBe(Math.floor((now - 1000) / 24));
  });

  it('gives at most a second after a stall, and then goes on in time', () => {
    const pacer = new Pacer(24, 0);
    expect(pacer.due(240)).toBe(10);
    expect(pacer.due(3_600_000)).toBe(41);
    expect(pacer.due(3_600_000)).toBe(0);
    expect(pacer.due(3_600_240)).toBe(10);
  });

  it('gives nothing when time stands still', () => {
    const pacer = new Pacer(24, 5);
    expect([pacer.due(5), pacer.due(5), pacer.due(4)]).toEqual([0, 0, 0]);
  });
});

describe('/demo.mp3', () => {
  it('gives a burst at once and then the loop, frame after frame', async () => {
    const { port } = await serve({ demo: true });
    const peer = await listen(port, '/demo.mp3');
    const before = performance.now();
    await peer.until((_, length) => length > 65_000);
    expect(performance.now() - before).toBeLessThan(1000);
    await peer.until((_, length) => length > 70_000);
    const body = peer.body;
    const looped = Buffer.concat([readFileSync(file), readFileSync(file)]);
    expect(looped.includes(body)).toBe(true);
    expect(looped.indexOf(body) % 288).toBe(0);
  });

  it('is busy for sources, and is not there unless asked for', async () => {
    const { port, url } = await serve({ demo: true });
    await expect(publish(port, '/demo.mp3')).rejects.toThrow(/403 [\s\S]*Mountpoint in use/);
    const without = await serve();
    expect((await fetch(`${without.url}/demo.mp3`)).status).toBe(404);
    expect((await fetch(`${url}/demo.mp3`, { method: 'HEAD' })).status).toBe(200);
  });
});
