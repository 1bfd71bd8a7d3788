// Parser and encoder as streams of the web and of Node: the same packets, waiting for slow readers, errors in their place.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import {
  Caps,
  Frame,
  GdpEncoder,
  GdpEncoderStream,
  GdpEncoderTransform,
  GdpError,
  type GdpItem,
  type GdpPacket,
  GdpParser,
  GdpParserStream,
  GdpParserTransform,
} from '../../lib/index.js';

const golden = (name: string): Buffer => readFileSync(new URL(`../vectors/gdp/${name}`, import.meta.url));
const WEBM = golden('v07-webm-vp8.gdp');
const packets = (bytes: Uint8Array): GdpPacket[] => [...new GdpParser().push(bytes)];

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** As ReadableStream.from() of later Nodes. */
function streamOf<T>(source: Iterable<T>): ReadableStream<T> {
  const items = source[Symbol.iterator]();
  return new ReadableStream<T>({
    pull(controller) {
      const next = items.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** Caps, `count` frames of one byte, and a header with a wrong checksum. */
function broken(count: number): Buffer {
  const encoder = new GdpEncoder();
  const frame = encoder.frame(new Frame(Buffer.of(1)));
  const bad = encoder.frame(new Frame(Buffer.of(1)));
  bad[12] = 1;
  return Buffer.concat([encoder.caps('a/b'), ...Array.from({ length: count }, () => frame), bad]);
}

const parsers: [name: string, read: (source: Iterable<Uint8Array>) => AsyncIterable<GdpPacket>][] = [
  ['of the web', (source) => streamOf(source).pipeThrough(new GdpParserStream())],
  [
    'of Node',
    (source) => {
      const parser = new GdpParserTransform();
      pipeline(Readable.from(source, { objectMode: false }), parser).catch(() => {});
      return parser;
    },
  ],
];

describe.each(parsers)('a parser %s', (_name, read) => {
  it('hands out the packets of any pieces', async () => {
    for (const size of [61, 1000, WEBM.length]) {
      expect(await all(read(pieces(WEBM, size)))).toEqual(packets(WEBM));
    }
  });

  it.each([0, 1, 2, 40])('errors behind the last of %i good frames, and not before', async (count) => {
    const seen: GdpPacket[] = [];
    const reading = async () => {
      for await (const packet of read([broken(count)])) seen.push(packet);
    };
    await expect(reading()).rejects.toMatchObject({
      fault: 'header-crc',
      packet: count + 1,
      at: 66 + count * 63,
    });
    await expect(reading()).rejects.toBeInstanceOf(GdpError);
    expect(seen).toHaveLength(2 * (count + 1));
  });

  it('errors at a torn end', async () => {
    const torn = WEBM.subarray(0, WEBM.length - 1);
    await expect(all(read([torn]))).rejects.toThrow(/^GDP packet \d+ at byte \d+: the stream ends after/);
  });
});

describe('a slow reader holds the writer up', () => {
  it('on the web', async () => {
    const parser = new GdpParserStream();
    const writer = parser.writable.getWriter();
    let written = false;
    const writing = writer.write(WEBM).then(() => {
      written = true;
    });
    const reader = parser.readable.getReader();
    const expected = packets(WEBM);
    for (const packet of expected.slice(0, -1)) expect((await reader.read()).value).toEqual(packet);
    await new Promise(setImmediate);
    expect(written).toBe(false);
    await reader.read();
    await writing;
    await Promise.all([writer.close(), reader.read()]);
  });

  it('in Node', async () => {
    const parser = new GdpParserTransform();
    const flushed = once(parser, 'finish');
    let finished = false;
    parser.on('finish', () => {
      finished = true;
    });
    parser.end(WEBM);
    const expected = packets(WEBM);
    await once(parser, 'readable');
    for (const packet of expected.slice(0, -2)) {
      expect(parser.readableLength).toBeLessThan(2);
      const next = parser.read();
      if (next === null) await once(parser, 'readable');
      expect(next ?? parser.read()).toEqual(packet);
    }
    expect(finished).toBe(false);
    parser.resume();
    await flushed;
  });

  it('a reader that goes away is an error for the writer', async () => {
    const parser = new GdpParserStream();
    const writer = parser.writable.getWriter();
    const writing = writer.write(WEBM);
    await parser.readable.cancel(new Error('enough'));
    await expect(writing).rejects.toThrow('enough');
    await expect(writer.closed).rejects.toThrow('enough');
  });
});

const encoders: [name: string, write: (source: Iterable<GdpItem>) => AsyncIterable<Uint8Array>][] = [
  ['of the web', (source) => streamOf(source).pipeThrough(new GdpEncoderStream({ payloadCrc: true }))],
  [
    'of Node',
    (source) => {
      const encoder = new GdpEncoderTransform({ payloadCrc: true });
      pipeline(Readable.from(source), encoder).catch(() => {});
      return encoder;
    },
  ],
];

describe.each(encoders)('an encoder %s', (_name, write) => {
  it('writes what a parser has read, with the same bytes', async () => {
    const written = await all(write(packets(WEBM)));
    expect(Buffer.concat(written).equals(WEBM)).toBe(true);
  });

  it('leaves out what is to be passed over', async () => {
    const garbage = packets(golden('c30-event-garbage.gdp'));
    const written = Buffer.concat(await all(write(garbage)));
    expect(packets(written)).toHaveLength(garbage.length - 1);
  });

  it('errors where something cannot be written', async () => {
    const seen: Uint8Array[] = [];
    const writing = async () => {
      const caps = new Caps({ name: 'a/b' });
      for await (const bytes of write([caps, 'x' as never])) seen.push(bytes);
    };
    await expect(writing()).rejects.toThrow('a Frame, Caps or Event is wanted, not "x"');
  });
});
