// Caps, Structure, Event and Frame: GStreamer's text to typed values and back, and what a sink takes of them.
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Caps,
  Event,
  type FieldValue,
  Frame,
  GdpEncoder,
  type GdpPacket,
  GdpParser,
  MultiFdSink,
  Structure,
} from '../../lib/index.js';

const FOLDER = new URL('../vectors/gdp/', import.meta.url);

function packetsOf(bytes: Uint8Array): GdpPacket[] {
  return [...new GdpParser().push(bytes)];
}

describe('values', () => {
  it.each<[type: string, text: string, value: FieldValue]>([
    ['int', '(int)-5', -5],
    ['uint', '(uint)4294967295', { uint: 4294967295 }],
    ['int64', '(gint64)-9223372036854775808', -(2n ** 63n)],
    ['uint64', '(guint64)18446744073709551615', { uint64: 2n ** 64n - 1n }],
    ['double', '(double)0.25', { double: 0.25 }],
    ['boolean', '(boolean)true', true],
    ['string', '(string)"a\\ \\303\\251"', 'a é'],
    ['no string', '(string)NULL', { type: 'string', text: null }],
    ['fraction', '(fraction)30000/1001', { fraction: [30000, 1001] }],
    ['bitmask', '(bitmask)0x0000000000000003', { bitmask: 3n }],
    ['buffer', '(buffer)00ff2c', Uint8Array.of(0, 255, 44)],
    ['enum', '(GstFormat)time', { type: 'GstFormat', text: 'time' }],
    ['date', '(date)2026-11-25', { type: 'date', text: '2026-11-25' }],
    ['uchar', '(guchar)7', { type: 'guchar', text: '7' }],
    ['array', '(int)< 1, 2 >', [1, 2]],
    ['array of arrays', '(int)< < (int)1 >, < (int)2 > >', [[1], [2]]],
    ['array of several types', '< (int)1, (string)a >', [1, 'a']],
    ['list', '(string){ a, b }', { list: ['a', 'b'] }],
    ['range', '(int)[ 0, 10, 2 ]', { range: [0, 10, 2] }],
    ['structure', '(structure)"b\\,\\ n\\=\\(int\\)1\\;"', { structure: { name: 'b', fields: { n: 1 } } }],
    [
      'tags',
      '(taglist)"taglist\\,\\ title\\=\\(string\\)\\"a\\\\\\ b\\"\\;"',
      { taglist: { name: 'taglist', fields: { title: 'a b' } } },
    ],
    [
      'segment',
      '(GstSegment)"segment, rate=(double)1;"',
      { segment: { name: 'segment', fields: { rate: { double: 1 } } } },
    ],
  ])('%s: %s', (_type, text, value) => {
    const line = `a, f=${text};`;
    const { fields } = Structure.parse(line);
    expect(fields).toEqual({ f: value });
    expect(new Structure('a', fields).toString()).toBe(line);
  });

  it('a field may be called as something of JavaScript', () => {
    const { fields } = Structure.parse('a, __proto__=(int)1, constructor=(int)2;');
    expect(Object.entries(fields)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  it('what is wrong is named', () => {
    expect(() => Structure.parse('a, b=')).toThrow(/^structure: .*\(byte 5\)$/);
    expect(() => Structure.parse(5 as never)).toThrow('structure must be a string, not 5 (number)');
    expect(() => String(new Structure('5'))).toThrow('a structure cannot be called "5"');
    expect(() => String(new Structure('a', { b: 0.5 }))).toThrow('fields.b (0.5) is no whole number');
    expect(() => String(new Structure('a', { b: { list: 5 as never } }))).toThrow(
      'fields.b.list must be an array',
    );
    expect(() => String(new Structure('a', { b: { type: 'a b', text: 'x' } }))).toThrow('fields.b.type');
    expect(() => String(new Structure('a', { b: { structure: 7 as never } }))).toThrow('{ name, fields }');
    expect(() => String(new Structure('a', { b: { toString: 1 } as never }))).toThrow(
      'fields.b must be a number',
    );
  });
});

describe('Caps', () => {
  it('are what setStreamState takes, and a literal is as good as an object', () => {
    const text =
      'video/x-raw(memory:DMABuf), width=(int)320, framerate=(fraction)25/1, streamheader=(buffer)< 68, 65 >';
    const caps = Caps.parse(text);
    expect(caps).toEqual(
      new Caps({
        name: 'video/x-raw',
        features: ['memory:DMABuf'],
        fields: { width: 320, framerate: { fraction: [25, 1] } },
        streamheader: [Buffer.from('h'), Buffer.from('e')].map((it) => new Uint8Array(it)),
      }),
    );
    expect(String(caps)).toBe(text);
    const literal = {
      name: 'a/b',
      fields: { n: { uint: 5 }, f: { type: 'GstFormat', text: 'time' } },
    } as const;
    expect(Buffer.from(new GdpEncoder().caps(literal)).toString('latin1', 62)).toBe(
      'a/b, n=(uint)5, f=(GstFormat)time\0',
    );
  });

  it('must be fixed', () => {
    expect(() => Caps.parse('a/b, n=(int){ 1, 2 }')).toThrow('caps.fields.n must be');
    expect(() => Caps.parse('a/b, n=(int)[ 1, 2 ]')).toThrow('caps must be fixed');
    expect(() => Caps.parse('a/b; c/d')).toThrow('caps must be fixed: one structure, not 2');
    expect(() => Caps.parse('ANY')).toThrow('not ANY');
    expect(() => String(new Caps({ name: 'a/b', features: ['x y'] }))).toThrow('caps.features');
  });
});

describe('events and frames', () => {
  it('are written as they are read', () => {
    const encoder = new GdpEncoder();
    const items = [
      Event.streamStart({ streamId: 'a b', groupId: 4, flags: ['sparse'] }),
      new Caps({ name: 'audio/mpeg', fields: { mpegversion: 1 } }),
      Event.segment({ start: 5n, stop: 9n }),
      Event.tags({
        title: 'x y',
        artist: ['A', 'B'],
        duration: 7n,
        'replaygain-track-gain': -3,
        date: '2026-11-25',
      }),
      Event.gap(5n, 6n),
      new Event('custom-downstream', new Structure('app', { n: [1, 2] })),
      new Event('flush-start'),
      new Frame(Buffer.from('x'), { pts: 0n, dts: 2n ** 63n, keyframe: false, discont: true }),
    ];
    const packets = packetsOf(Buffer.concat(items.map((item) => encoder.encode(item)!)));
    expect(packets.map((packet) => Buffer.from(encoder.encode(packet)!))).toEqual(
      items.map((item) => Buffer.from(encoder.encode(item)!)),
    );
    const [start, caps, segment, tags, gap, custom, flush, frame] = packets as never[] as Record<
      string,
      unknown
    >[];
    expect(start!.state).toEqual({ streamStart: { streamId: 'a b', groupId: 4, flags: ['sparse'] } });
    expect(caps!.state).toEqual({ caps: { name: 'audio/mpeg', fields: { mpegversion: 1 } } });
    expect(segment!.state).toEqual({
      segment: {
        format: 'time',
        rate: 1,
        appliedRate: 1,
        base: 0n,
        offset: 0n,
        start: 5n,
        stop: 9n,
        time: 0n,
        position: 5n,
      },
    });
    expect(tags!.state).toEqual({
      tags: {
        title: 'x y',
        artist: ['A', 'B'],
        duration: 7n,
        'replaygain-track-gain': -3,
        date: '2026-11-25',
      },
    });
    expect(gap).toMatchObject({ type: 'gap', state: undefined });
    expect(gap!.structure).toMatchObject({ fields: { timestamp: { uint64: 5n }, duration: { uint64: 6n } } });
    expect(custom!.structure).toEqual(new Structure('app', { n: [1, 2] }));
    expect(flush).toMatchObject({ type: 'flush-start', structure: undefined, state: undefined });
    expect(frame).toMatchObject({
      pts: 0n,
      dts: 2n ** 63n,
      duration: undefined,
      keyframe: false,
      discont: true,
    });
  });

  it('that cannot be written say why', () => {
    const encoder = new GdpEncoder();
    expect(() => encoder.encode('x' as never)).toThrow('a Frame, Caps or Event is wanted, not "x"');
    expect(() => encoder.frame({} as never)).toThrow('frame must be a Frame');
    expect(() => encoder.frame(new Frame('x' as never))).toThrow('data must be a Uint8Array');
    expect(() => encoder.frame(new Frame(Buffer.of(1), { pts: -1n }))).toThrow('frame.pts must be from 0');
    expect(() => encoder.event(new Event('gap'))).toThrow('gap: it comes without its structure');
    expect(() => new Event('gap', 'a, b=').structure).toThrow('byte 5');
  });
});

describe('golden files', () => {
  const sink = new MultiFdSink();
  afterEach(() => sink.setStreamState({ streamStart: null, caps: null, segment: null, tags: null }));

  const names = readdirSync(FOLDER).filter((name) => name.startsWith('v'));
  it.each(names)('%s: typed values say all that the text says, and a sink takes them', (name) => {
    for (const packet of packetsOf(readFileSync(new URL(name, FOLDER)))) {
      if (packet.kind === 'buffer') continue;
      if (packet.text === undefined) continue;
      const again = packet.kind === 'caps' ? String(packet.caps) : String(packet.structure);
      // streamheader comes last, whatever its place was.
      const sorted = (text: string) => text.replace(';', '').split(', ').sort().join(', ');
      expect(sorted(again)).toBe(sorted(packet.text));
      if (packet.state === undefined) continue;
      sink.setStreamState(packet.state);
      expect(sink.streamState).toMatchObject(packet.state);
    }
  });
});
