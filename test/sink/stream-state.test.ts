/** The stream's state: how its typed form reads as GStreamer's text, how changes are merged, and whom they reach. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Caps, MultiSocketSink, type StreamStateChange } from '../../lib/index.js';
import { StickyState } from '../../lib/sink/stream-state.js';
import { reader, tcpPair } from './support.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** [stream-start, caps, segment, tags, title] of one change. */
const texts = (change: StreamStateChange): (string | undefined)[] => new StickyState().change(change).texts;
const capsText = (fields: NonNullable<Caps['fields']>): string =>
  (texts({ caps: { name: 'x/y', fields } })[1] as string).replace(/^x\/y,? ?/, '');

describe('caps as text', () => {
  it.each([
    ['an int', -5, '(int)-5'],
    ['an int64', -1n, '(gint64)-1'],
    ['a double', { double: 0.25 }, '(double)0.25'],
    ['a whole double', { double: 3 }, '(double)3'],
    ['a boolean', true, '(boolean)true'],
    ['a plain string', 'S16LE', '(string)S16LE'],
    ['a string with a space', 'a b', '(string)"a\\ b"'],
    ['a string that is not ASCII', 'é', '(string)"\\303\\251"'],
    ['a tab', '\t', '(string)"\\011"'],
    ['a comma', 'x,y', '(string)"x\\,y"'],
    ['nothing', '', '(string)""'],
    ['the word NULL', 'NULL', '(string)"NULL"'],
    ['a fraction', { fraction: [25, 1] }, '(fraction)25/1'],
    ['a bitmask', { bitmask: 3 }, '(bitmask)0x0000000000000003'],
    ['all of a bitmask', { bitmask: 2n ** 64n - 1n }, '(bitmask)0xffffffffffffffff'],
    ['a buffer', Uint8Array.of(0, 255, 44), '(buffer)00ff2c'],
    ['an array', [1, 2], '(int)< 1, 2 >'],
    ['an array of buffers', [bytes('O'), bytes('g')], '(buffer)< 4f, 67 >'],
    ['arrays in an array', [[{ double: 1 }], [{ double: 0.5 }]], '(double)< < 1 >, < 0.5 > >'],
  ] as const)('%s', (_name, value, text) => {
    expect(capsText({ field: value })).toBe(`field=${text}`);
  });

  it('fields in the order given, streamheader left out', () => {
    const caps = {
      name: 'audio/x-raw',
      fields: { rate: 48_000, format: 'S16LE' },
      streamheader: [bytes('h')],
    };
    expect(texts({ caps })[1]).toBe('audio/x-raw, rate=(int)48000, format=(string)S16LE');
  });
});

describe('sticky events as text', () => {
  it('stream-start', () => {
    expect(texts({ streamStart: { streamId: 'a/b c', groupId: 7, flags: ['sparse', 'select'] } })[0]).toBe(
      'GstEventStreamStart, stream-id=(string)"a/b\\ c", ' +
        'flags=(GstStreamFlags)GST_STREAM_FLAG_SPARSE+GST_STREAM_FLAG_SELECT, group-id=(uint)7;',
    );
    expect(texts({ streamStart: { streamId: 'x' } })[0]).toBe(
      'GstEventStreamStart, stream-id=(string)x, flags=(GstStreamFlags)GST_STREAM_FLAG_NONE;',
    );
  });

  it('segment', () => {
    const text = (fields: string): string =>
      `GstEventSegment, segment=(GstSegment)"segment, flags=(GstSegmentFlags)GST_SEGMENT_FLAG_NONE, ${fields};";`;
    expect(texts({ segment: {} })[2]).toBe(
      text(
        'rate=(double)1, applied-rate=(double)1, format=(GstFormat)time, base=(guint64)0, offset=(guint64)0, start=(guint64)0, ' +
          'stop=(guint64)18446744073709551615, time=(guint64)0, position=(guint64)0, duration=(guint64)18446744073709551615',
      ),
    );
    const all = { base: 1n, offset: 2n, start: 3n, stop: 4n, time: 5n, position: 6n, duration: 7n };
    expect(texts({ segment: { format: 'bytes', rate: -2, appliedRate: 0.5, ...all } })[2]).toBe(
      text(
        'rate=(double)-2, applied-rate=(double)0.5, format=(GstFormat)bytes, base=(guint64)1, offset=(guint64)2, start=(guint64)3, ' +
          'stop=(guint64)4, time=(guint64)5, position=(guint64)6, duration=(guint64)7',
      ),
    );
    expect(texts({ segment: { start: 9n } })[2]).toContain('position=(guint64)9');
  });

  it('tags, their inner text escaped once more', () => {
    expect(texts({ tags: { title: 'now playing' } })[3]).toBe(
      'GstTagList-stream, taglist=(taglist)"taglist\\,\\ title\\=\\(string\\)\\"now\\\\\\ playing\\"\\;";',
    );
    const plain = (
      texts({
        tags: {
          artist: ['A', 'B'],
          bitrate: 128_000,
          duration: 5n,
          'replaygain-track-gain': -3,
          'x-ratio': 0.5,
          'x-live': true,
          date: '2026-11-25',
        },
      })[3] as string
    ).replaceAll('\\', '');
    expect(plain).toBe(
      'GstTagList-stream, taglist=(taglist)"taglist, artist=(string){ A, B }, bitrate=(uint)128000, duration=(guint64)5, ' +
        'replaygain-track-gain=(double)-3, x-ratio=(double)0.5, x-live=(boolean)true, date=(date)2026-11-25;";',
    );
  });
});

// The reader that all of this is for.
const PYTHON = '/usr/bin/python3';
const PROGRAM = `
import json, sys, gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst
Gst.init(None)
caps, *events = json.load(sys.stdin)
fixed = Gst.Caps.from_string(caps)
structures = [Gst.Structure.from_string(text)[0] for text in events]
found = [fixed is not None and fixed.is_fixed() and fixed.to_string()]
found += [structure and structure.to_string() for structure in structures]
segment = structures[1].get_value('segment')
found += [segment.start, segment.stop]
tags = Gst.Event.new_custom(Gst.EventType.TAG, structures[2]).parse_tag()
found.append([tags.get_string('title')[1], tags.get_uint('bitrate')[1], tags.get_double('beats-per-minute')[1],
    tags.get_string_index('artist', 1)[1], tags.get_date_time('datetime')[1].to_iso8601_string()])
json.dump(found, sys.stdout)
`;
const reads = (() => {
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync(
      PYTHON,
      ['-c', "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst"],
      {
        stdio: 'ignore',
      },
    );
    return true;
  } catch {
    return false;
  }
})();
const missing = !reads && !process.env.CI;

it.skipIf(missing)('GStreamer itself reads these texts, and writes them the same way', () => {
  const [streamStart, caps, segment, tags] = texts({
    streamStart: { streamId: 'a b/é', groupId: 1, flags: ['sparse'] },
    caps: {
      name: 'video/x-raw',
      fields: {
        width: 320,
        rate: { fraction: [25, 1] },
        mask: { bitmask: 3 },
        list: [1, 2],
        text: 'é "q" \\ ,;',
        codec_data: Uint8Array.of(1, 2, 255),
        long: -7n,
        ratio: { double: 0.25 },
        on: false,
      },
    },
    segment: { start: 5n, stop: 2n ** 63n },
    tags: {
      title: 'now "playing" — é\n',
      bitrate: 128_000,
      'beats-per-minute': 120,
      artist: ['A b', 'B'],
      datetime: '2026-11-25T19:30:00Z',
    },
  });
  const input = JSON.stringify([caps, streamStart, segment, tags]);
  const found = JSON.parse(execFileSync(PYTHON, ['-c', PROGRAM], { input }).toString());
  expect(found.slice(0, 4)).toEqual([caps, streamStart, segment, tags]);
  expect(found.slice(4)).toEqual([
    5,
    Number(2n ** 63n),
    ['now "playing" — é\n', 128_000, 120, 'B', '2026-11-25T19:30:00Z'],
  ]);
});

describe('changes', () => {
  it('what is not given stays, null takes away, and the caller has copies', () => {
    const state = new StickyState();
    const header = bytes('h1');
    expect(state.change({ title: 'one', headers: [header] })).toEqual({
      headers: [header],
      texts: [undefined, undefined, undefined, undefined, 'one'],
    });
    header[0] = 0;
    expect(state.get()).toEqual({ title: 'one', headers: [new Uint8Array(bytes('h1'))] });
    expect(state.change({ tags: { title: 'two' } }).headers).toBeUndefined();
    (state.get().headers as Uint8Array[])[0]?.fill(0);
    expect(state.get()).toEqual({
      title: 'one',
      headers: [new Uint8Array(bytes('h1'))],
      tags: { title: 'two' },
    });
    expect(state.change({ title: null, headers: null })).toEqual({
      headers: [],
      texts: [undefined, undefined, undefined, undefined, ''],
    });
    expect(state.get()).toEqual({ tags: { title: 'two' } });
  });

  it('headers and caps.streamheader are one thing', () => {
    const state = new StickyState();
    const [a, b] = [new Uint8Array([1]), new Uint8Array([2])];
    state.change({ caps: { name: 'x/y', streamheader: [a] } });
    expect(state.get()).toEqual({ caps: { name: 'x/y', streamheader: [a] }, headers: [a] });
    state.change({ headers: [b] });
    expect(state.get()).toEqual({ caps: { name: 'x/y', streamheader: [b] }, headers: [b] });
    // Given back as it was read.
    expect(state.change(state.get()).headers).toEqual([b]);
    expect(() => state.change({ headers: [a], caps: { name: 'x/z', streamheader: [b] } })).toThrow(
      /^headers and caps.streamheader are the same thing/,
    );
    expect(() => state.change({ headers: null, caps: { name: 'x/z', streamheader: [b] } })).toThrow(
      TypeError,
    );
    expect(state.get().caps?.name).toBe('x/y');
    // New caps without headers: the new stream has none.
    expect(state.change({ caps: { name: 'x/z' } }).headers).toEqual([]);
    expect(state.get()).toEqual({ caps: { name: 'x/z' } });
    state.change({ caps: { name: 'x/z' }, headers: [a] });
    expect(state.change({ caps: null }).headers).toEqual([]);
    expect(state.get()).toEqual({});
  });

  it('reach raw clients only as headers', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    sink.add(near);
    const got = reader(far);
    const caps = { name: 'application/ogg', streamheader: [bytes('<h>')] };
    sink.setStreamState({ caps, title: 'first' });
    sink.push('1');
    sink.setStreamState({ title: 'second', segment: { start: 5n }, tags: { title: 'x' } });
    sink.push('2');
    sink.setStreamState({ caps: { ...caps, fields: { version: 2 } }, streamStart: { streamId: 'again' } });
    sink.push('3');
    sink.setStreamState({ headers: [bytes('<g>')] });
    sink.push('4');
    sink.setStreamState({ caps: { name: 'application/ogg' } });
    sink.push('5');
    sink.setStreamState({ headers: [bytes('<g>')] });
    sink.push('6');
    expect(await got.until(15)).toBe('<h>123<g>45<g>6');
    expect(sink.streamState).toMatchObject({ title: 'second', tags: { title: 'x' } });
    far.destroy();
    await sink.close();
    expect(sink.streamState.title).toBe('second');
  });
});

describe('what is refused, by name', () => {
  const caps = (fields: unknown): object => ({ caps: { name: 'x/y', fields } });
  it.each([
    [{ what: 1 }, /^stream state has no option "what"/],
    [{ headers: 'x' }, /^headers must be an array of Uint8Array/],
    [{ headers: ['x'] }, /^headers\[0\] must be a Uint8Array/],
    [{ headers: [new Uint8Array(0)] }, /^headers\[0\] must not be empty/],
    [{ caps: { name: 'x/y', streamheader: [1] } }, /^caps.streamheader\[0\] must be a Uint8Array/],
    [{ title: 5 }, /^title must be a string/],
    [{ title: 'a\0b' }, /^title must not contain a NUL/],
    [{ caps: 'x/y' }, /^caps must be an object/],
    [{ caps: { name: '1x' } }, /^caps.name must be a media type/],
    [{ caps: { name: 'x/y, a=(int)1' } }, /^caps.name must be a media type/],
    [{ caps: { name: 'x/y', rate: 1 } }, /^caps has no option "rate"/],
    [caps([1]), /^caps.fields must be an object/],
    [caps({ 'a b': 1 }), /^caps.fields: no field can be called "a b"/],
    [caps({ streamheader: [new Uint8Array(1)] }), /^caps.fields.streamheader: give it as caps.streamheader/],
    [caps({ a: 1.5 }), /^caps.fields.a \(1.5\) is no whole number: write \{ double: 1.5 \}/],
    [caps({ a: 2 ** 31 }), /^caps.fields.a must be from -2147483648 to 2147483647/],
    [caps({ a: 2n ** 63n }), /^caps.fields.a must be from/],
    [caps({ a: { double: Number.NaN } }), /^caps.fields.a.double must be finite/],
    [caps({ a: { fraction: [1, 0] } }), /^caps.fields.a.fraction\[1\] must be from 1/],
    [caps({ a: { fraction: [1] } }), /^caps.fields.a.fraction must be \[numerator, denominator\]/],
    [caps({ a: { bitmask: -1 } }), /^caps.fields.a.bitmask must be from 0/],
    [caps({ a: new Uint8Array(0) }), /^caps.fields.a must not be empty/],
    [caps({ a: { range: [1, 2] } }), /^caps.fields.a .*caps must be fixed \(no ranges/],
    [caps({ a: { list: [1, 2] } }), /^caps.fields.a .*no lists of choices/],
    [caps({ a: null }), /^caps.fields.a must be a number/],
    [caps({ a: [1, 'x'] }), /^caps.fields.a\[1\] is of type string, caps.fields.a\[0\] of type int/],
    [caps({ a: [[1], [2.5]] }), /^caps.fields.a\[1\]\[0\] \(2.5\)/],
    [caps({ a: 'x\0' }), /^caps.fields.a must not contain a NUL/],
    [{ streamStart: {} }, /^streamStart.streamId must be a string/],
    [{ streamStart: { streamId: 'x', groupId: 0 } }, /^streamStart.groupId must be from 1/],
    [{ streamStart: { streamId: 'x', flags: ['x'] } }, /^streamStart.flags\[0\] must be "sparse"/],
    [{ streamStart: { streamId: 'x', flags: 'sparse' } }, /^streamStart.flags must be an array/],
    [{ segment: { start: 1 } }, /^segment.start must be a bigint/],
    [{ segment: { start: -1n } }, /^segment.start must be from 0/],
    [{ segment: { start: 2n, stop: 1n } }, /^segment.stop \(1\) must not be before segment.start \(2\)/],
    [{ segment: { rate: 0 } }, /^segment.rate must not be 0/],
    [{ segment: { rate: Number.POSITIVE_INFINITY } }, /^segment.rate must be from/],
    [{ segment: { format: 'frames' } }, /^segment.format must be "undefined"/],
    [{ tags: ['x'] }, /^tags must be an object/],
    [{ tags: { 'a b': 'x' } }, /^tags: no tag can be called "a b"/],
    [{ tags: { image: 'x' } }, /^tags.image is a sample/],
    [{ tags: { artist: [] } }, /^tags.artist must not be an empty array/],
    [{ tags: { artist: ['a', 1] } }, /^tags.artist\[1\] is of type uint, tags.artist\[0\] of type string/],
    [{ tags: { bitrate: -1 } }, /^tags.bitrate must be from 0/],
    [{ tags: { artist: {} } }, /^tags.artist must be a string/],
    [{ tags: { date: '2026-02-31' } }, /^tags.date must be a date like "2026-11-25"/],
    [{ tags: { datetime: 'today' } }, /^tags.datetime must be a date like "2026-11-25T19:30:00Z"/],
    [{ tags: { 'beats-per-minute': 'fast' } }, /^tags.beats-per-minute must be a number/],
  ] as [object, RegExp][])('%#', (change, message) => {
    const state = new StickyState();
    state.change({ title: 'kept' });
    let error: unknown;
    try {
      state.change({ title: 'lost', ...change } as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect((error as Error).message).toMatch(message);
    expect(state.get()).toEqual({ title: 'kept' });
  });
});
