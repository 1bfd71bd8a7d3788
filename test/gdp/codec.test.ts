// GdpParser, GdpEncoder and recogniseGdp as users meet them.
import { describe, expect, it } from 'vitest';
import { GdpEncoder, GdpError, type GdpPacket, GdpParser, recogniseGdp } from '../../lib/index.js';

const SEGMENT =
  'GstEventSegment, segment=(GstSegment)"segment, flags=(GstSegmentFlags)GST_SEGMENT_FLAG_NONE, rate=(double)1, ' +
  'applied-rate=(double)1, format=(GstFormat)time, base=(guint64)0, offset=(guint64)0, start=(guint64)0, ' +
  'stop=(guint64)18446744073709551615, time=(guint64)0, position=(guint64)0, duration=(guint64)18446744073709551615;";';

function parse(...pieces: Uint8Array[]): GdpPacket[] {
  const parser = new GdpParser();
  const packets = [...parser.push(Buffer.concat(pieces))];
  parser.end();
  return packets;
}

describe('GdpEncoder and GdpParser', () => {
  it('carry frames, caps and events, with all 64 bits', () => {
    const encoder = new GdpEncoder({ payloadCrc: true });
    const data = Buffer.from('hello');
    const info = { pts: 0n, duration: 20_000_000n, offset: 2n ** 63n, offsetEnd: 2n ** 64n - 2n };
    const [start, caps, segment, frame] = parse(
      encoder.event('stream-start', 'GstEventStreamStart, stream-id=(string)"a b";'),
      encoder.caps('audio/mpeg,mpegversion=1'),
      encoder.event('segment', SEGMENT),
      encoder.frameHeader(data, { ...info, keyframe: false, live: true, gap: true }),
      data,
    );
    expect(start).toMatchObject({ kind: 'event', type: 'stream-start', at: 0, skipped: undefined });
    expect(start).toHaveProperty('text', 'GstEventStreamStart, stream-id=(string)"a\\ b";');
    expect(caps).toMatchObject({ kind: 'caps', text: 'audio/mpeg, mpegversion=(int)1' });
    expect(segment).toMatchObject({ type: 'segment', text: SEGMENT });
    expect(frame).toMatchObject({ kind: 'buffer', dts: undefined, ...info });
    expect(frame).toMatchObject({ keyframe: false, live: true, gap: true, header: false, discont: false });
    expect(Buffer.from(frame!.payload).toString()).toBe('hello');
    expect(frame!.wire).toMatchObject({ version: '1.0', headerFlags: 3, flags: 0x2810 });
  });

  it('flush-start and eos have no structure, and custom events keep their number', () => {
    const encoder = new GdpEncoder({ headerCrc: false });
    const packets = parse(
      encoder.event('flush-start'),
      encoder.event('custom-downstream-sticky', 'app, n=1'),
      encoder.event('eos'),
    );
    expect(packets.map((packet) => packet.kind === 'event' && packet.type)).toEqual([
      'flush-start',
      'custom-downstream-sticky',
      'eos',
    ]);
    expect(packets[0]).toHaveProperty('structure', undefined);
  });

  it('refuse what a receiver could not read, and say what it is', () => {
    const encoder = new GdpEncoder();
    expect(() => encoder.caps('a/b, x=[1,2]')).toThrow('caps: caps must be fixed');
    expect(() => encoder.caps('a/b, x=')).toThrow('caps: expected a value (byte 7)');
    expect(() => encoder.event('gap')).toThrow('gap: it comes without its structure');
    expect(() => encoder.event('seek', 'x')).toThrow('seek: it travels upstream only');
    expect(() => encoder.event('toc', 'x')).toThrow('object');
    expect(() => encoder.event('nothing' as never)).toThrow('there is no event "nothing"');
    expect(() => encoder.caps(5 as never)).toThrow('caps must be a string, not 5 (number)');
    expect(() => encoder.frameHeader('x' as never)).toThrow('data must be a Uint8Array');
    expect(() => encoder.frameHeader(data(), { pts: 5 as never })).toThrow('info.pts must be a bigint');
    expect(() => encoder.frameHeader(data(), { dts: -1n })).toThrow('info.dts must be from 0');
    expect(() => encoder.frameHeader(data(), { keyFrame: true } as never)).toThrow('keyFrame');
    expect(() => new GdpEncoder({ crc: true } as never)).toThrow('crc');
  });

  it('hand out what came before a fault, then throw it, for good', () => {
    const encoder = new GdpEncoder();
    const parser = new GdpParser();
    const seen: GdpPacket[] = [];
    const broken = encoder.frameHeader(data(), {});
    broken[12] = 1;
    const bytes = Buffer.concat([encoder.caps('a/b'), broken, data()]);
    const read = () => {
      for (const packet of parser.push(bytes)) seen.push(packet);
    };
    expect(read).toThrow(GdpError);
    expect(seen).toHaveLength(1);
    expect(parser.error).toMatchObject({ fault: 'header-crc', at: 66, packet: 1, code: 'ERR_FLUMEN_GDP' });
    expect(parser.error?.message).toMatch(
      /^GDP packet 1 at byte 66: the header has checksum \d+, but says \d+$/,
    );
    expect(read).toThrow('GDP packet 1 at byte 66');
    expect(() => parser.end()).toThrow('GDP packet 1 at byte 66');
  });

  it('report a torn end, and keep to the limits', () => {
    const encoder = new GdpEncoder();
    const parser = new GdpParser();
    expect([...parser.push(encoder.caps('a/b').subarray(0, 64))]).toHaveLength(0);
    expect(() => parser.end()).toThrow('the stream ends after 2 of 4 bytes of a payload');
    expect(() => parser.push(data())).toThrow('end() has been called');
    const small = new GdpParser({ maxFrame: 3 });
    expect(() => [...small.push(Buffer.concat([encoder.caps('a/b'), encoder.frameHeader(data())]))]).toThrow(
      'a frame of 4 bytes: the limit is 3',
    );
    expect(() => new GdpParser({ maxFrame: 0 })).toThrow(RangeError);
    expect(() => new GdpParser().push('x' as never)).toThrow('bytes must be a Uint8Array');
  });
});

describe('recogniseGdp', () => {
  it('wants 62 bytes', () => {
    const caps = new GdpEncoder().caps('audio/mpeg');
    expect(recogniseGdp(caps)).toBe('yes');
    expect(recogniseGdp(caps.subarray(0, 61))).toBe('need-more');
    expect(recogniseGdp(Buffer.from('OggS'))).toBe('no');
    expect(() => recogniseGdp('x' as never)).toThrow(TypeError);
  });
});

function data(): Buffer {
  return Buffer.from('abcd');
}
