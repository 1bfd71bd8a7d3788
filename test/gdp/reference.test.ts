// References: what travels in front of a frame, through us and past the real gdpdepay.
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { FdSource, Frame, GdpEncoder, type GdpPacket, GdpParser, MultiSocketSink } from '../../lib/index.js';
import { reader, tcpPair } from '../sink/support.js';
import { depay, outline } from './support.js';

const time = 1_795_651_200_123_456_789n;
const user = Buffer.from('hello');

function start(encoder: GdpEncoder): Uint8Array[] {
  return [
    encoder.event('stream-start', 'GstEventStreamStart, stream-id=(string)x, flags=(GstStreamFlags)0'),
    encoder.caps({ name: 'a/b' }),
  ];
}

function parse(bytes: Uint8Array, references: boolean): GdpPacket[] {
  const parser = new GdpParser({ references });
  // In pieces, so that a reference and its frame come apart.
  const packets: GdpPacket[] = [];
  for (let at = 0; at < bytes.length; at += 50) packets.push(...parser.push(bytes.subarray(at, at + 50)));
  parser.end();
  return packets;
}

it('goes with its frame, and the real gdpdepay passes it over', async () => {
  const encoder = new GdpEncoder({ payloadCrc: true });
  const bytes = Buffer.concat([
    ...start(encoder),
    encoder.frame(new Frame(Buffer.from('1'), { reference: { time, user } })),
    encoder.frame(new Frame(Buffer.from('2'))),
    encoder.frameHeader(Buffer.from('3'), { reference: { user } }),
    Buffer.from('3'),
  ]);
  expect(outline(await depay(bytes))).toEqual(['stream-start', 'caps', 'unknown', '1', '2', 'unknown', '3']);
  const frames = parse(bytes, true).slice(2) as Frame[];
  expect(frames.map(({ reference }) => reference)).toEqual([
    { time, user: new Uint8Array(user) },
    undefined,
    { user: new Uint8Array(user) },
  ]);
  const plain = parse(bytes, false);
  expect(plain.map(({ kind }) => kind)).toEqual([
    'event',
    'caps',
    'event',
    'buffer',
    'buffer',
    'event',
    'buffer',
  ]);
  expect((plain[2] as { text?: string }).text).toBe(
    'flumen-reference, time=(guint64)1795651200123456789, user=(buffer)68656c6c6f;',
  );
  // Written again it is the same.
  expect(Buffer.concat(plain.map((packet) => encoder.encode(packet) as Uint8Array)).equals(bytes)).toBe(true);
});

it('goes through a sink, a source and another sink to GDP clients, and raw ones see nothing', async () => {
  const [first, second] = [new MultiSocketSink({ payload: 'gdp' }), new MultiSocketSink({ payload: 'gdp' })];
  const [between, out, raw] = [await tcpPair(), await tcpPair(), await tcpPair()];
  const [got, bytes] = [reader(out.far), reader(raw.far)];
  second.add(out.near);
  second.add(raw.near, { payload: 'raw' });
  const source = new FdSource(second, { format: 'gdp' });
  source.attach(between.far);
  first.add(between.near);
  first.push('1', { reference: { time } });
  first.push('2');
  const over = once(source, 'end');
  await first.end();
  await over;
  void second.end();
  expect((await bytes.all()).text).toBe('12');
  const packets = parse(Buffer.from((await got.all()).text, 'latin1'), true);
  const frames = packets.filter(({ kind }) => kind === 'buffer') as Frame[];
  expect(frames.map(({ reference }) => reference)).toEqual([{ time }, undefined]);
  for (const { far } of [out, raw]) far.end();
});

it('refuses what is none, and leaves alone what only looks like one', () => {
  const encoder = new GdpEncoder();
  const frame = (reference: object) => () => encoder.frame(new Frame(user, { reference }));
  expect(frame({})).toThrow('frame.reference must have a time or user');
  expect(frame({ time: 5 })).toThrow('frame.reference.time must be a bigint');
  expect(frame({ time: -1n })).toThrow(RangeError);
  expect(frame({ user: new Uint8Array(16_385) })).toThrow('1 to 16384 bytes');
  expect(frame({ user: 'x' })).toThrow('frame.reference.user must be a Uint8Array');
  expect(frame({ at: 1n })).toThrow(TypeError);
  const bytes = Buffer.concat([
    ...start(encoder),
    encoder.event('custom-downstream', 'flumen-reference, x=(int)1'),
    encoder.frame(new Frame(user)),
  ]);
  expect(parse(bytes, true).map(({ kind }) => kind)).toEqual(['event', 'caps', 'event', 'buffer']);
});
