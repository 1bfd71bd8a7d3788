// Streams of chance: whatever the encoder takes, the real gdpdepay accepts, and says what we meant.
import { expect, it } from 'vitest';
import {
  Caps,
  type CapsValue,
  Event,
  type FrameMeta,
  GdpEncoder,
  GdpParser,
  type Segment,
  Structure,
} from '../../lib/index.js';
import { depay } from './support.js';

/** The same numbers for the same seed (mulberry32). */
function chance(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  const of = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const bits = (): bigint => (BigInt(below(2 ** 32)) << 32n) | BigInt(below(2 ** 32));
  const text = (): string =>
    Array.from({ length: below(12) }, () => of([...'aZ9 ,;="\\\'<>{}[]()/é漢💧\t\n\u0001\u007f'])).join('');
  return { below, of, bits, text, maybe: () => next() < 0.5 };
}
type Chance = ReturnType<typeof chance>;

function capsValue(c: Chance, depth = 0): CapsValue {
  const makers: (() => CapsValue)[] = [
    () => c.below(2 ** 32) - 2 ** 31,
    () => BigInt.asIntN(64, c.bits()),
    () => c.text(),
    () => c.maybe(),
    () => Buffer.from(`b${c.text()}`),
    () => ({ double: (c.below(2000) - 1000) / 7 }),
    () => ({ fraction: [c.below(1000) - 500, 1 + c.below(1000)] }),
    () => ({ bitmask: c.bits() }),
    () => ({ uint: c.below(2 ** 32) }),
    () => ({ uint64: c.bits() }),
  ];
  if (depth === 0 && c.maybe()) {
    const maker = c.of(makers);
    return Array.from({ length: 1 + c.below(4) }, maker);
  }
  return c.of(makers)();
}

function fields<T>(c: Chance, value: () => T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: c.below(6) }, (_, i) => [`field-${i}`, value()]));
}

function randomCaps(c: Chance): Caps {
  const streamheader = c.maybe() ? [Buffer.from(`<${c.text()}>`), Buffer.from([0, 255])] : undefined;
  return new Caps({
    name: c.of(['audio/x-raw', 'video/webm', 'application/x-test.one+two']),
    fields: fields(c, () => capsValue(c)),
    ...(streamheader && { streamheader }),
  });
}

function randomEvent(c: Chance): Event {
  const start = c.bits() >> 2n;
  const segment: Segment = {
    start,
    stop: start + BigInt(c.below(1e9)),
    base: c.bits() >> 1n,
    rate: c.of([1, 0.5, -2, 1e-3]),
  };
  const tags = {
    title: `t${c.text()}`,
    bitrate: c.below(2 ** 32),
    artist: [`a${c.text()}`, 'b'],
    'replaygain-track-gain': -3.25,
    date: '2026-11-25',
  };
  const makers = [
    () => Event.streamStart({ streamId: `s${c.text()}`, groupId: 1 + c.below(1000) }),
    () => Event.segment(segment),
    () => Event.tags(tags),
    () => Event.gap(c.bits() >> 1n, c.maybe() ? BigInt(c.below(1e9)) : undefined),
    () =>
      new Event(
        c.of(['custom-downstream', 'custom-downstream-oob', 'custom-both']),
        new Structure(
          'any-name',
          fields(c, () => capsValue(c)),
        ),
      ),
  ];
  return c.of(makers)();
}

function randomMeta(c: Chance): FrameMeta {
  const time = (): bigint | undefined => (c.maybe() ? c.bits() >> 12n : undefined);
  return {
    pts: time(),
    dts: time(),
    duration: time(),
    offset: time(),
    offsetEnd: time(),
    keyframe: c.maybe(),
    header: c.maybe(),
    discont: c.maybe(),
    gap: c.maybe(),
    live: c.maybe(),
    ...(c.below(4) === 0 && { reference: { time: c.bits() >> 1n, user: Buffer.from('u') } }),
  };
}

it.each([1, 2, 3, 4, 5, 6])('streams of chance, seed %i: 300 items each', async (seed) => {
  const c = chance(seed);
  const encoder = new GdpEncoder({ headerCrc: c.maybe(), payloadCrc: c.maybe() });
  const packets = [
    encoder.event(Event.streamStart({ streamId: 'x' })),
    encoder.caps(new Caps({ name: 'a/b' })),
    encoder.event(Event.segment()),
  ];
  const wanted: string[] = [];
  for (let i = 0; i < 300; ++i) {
    const kind = c.below(5);
    if (kind === 0) {
      const caps = randomCaps(c);
      packets.push(encoder.caps(caps));
      wanted.push(String(caps));
    } else if (kind === 1) {
      packets.push(encoder.event(randomEvent(c)));
    } else {
      const data = Buffer.from(c.text());
      const meta = randomMeta(c);
      packets.push(encoder.frameHeader(data, meta), data);
      wanted.push(`${data.toString('latin1')} ${meta.pts} ${meta.dts} ${meta.keyframe} ${meta.gap}`);
    }
  }
  const bytes = Buffer.concat(packets);
  const out = await depay(bytes);
  const said = out.slice(3).flatMap((line) => {
    if (line.kind === 'caps') return [line.caps];
    if (line.kind !== 'buffer') return [];
    const { data, flags = [] } = line;
    return [`${data} ${line.pts} ${line.dts} ${!flags.includes('delta')} ${flags.includes('gap')}`];
  });
  expect(said).toEqual(wanted);
  // Our own parser makes the same bytes of it again.
  const parser = new GdpParser();
  const again = [...parser.push(bytes)].map((packet) => encoder.encode(packet) as Uint8Array);
  parser.end();
  expect(Buffer.concat(again).equals(bytes)).toBe(true);
});
