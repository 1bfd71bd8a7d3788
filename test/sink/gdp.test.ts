// Clients with payload gdp: what they are sent is put to the real gdpdepay.
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Event, GdpParser, MultiSocketSink, type SinkOptions, Structure } from '../../lib/index.js';
import type { AddOptions } from '../../lib/sink/client.js';
import { depay, outline } from '../gdp/support.js';
import { reader, tcpPair } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function makeSink(options: SinkOptions = {}): MultiSocketSink {
  const sink = new MultiSocketSink(options);
  undo.push(() => sink.close());
  return sink;
}

/** A new client of `sink`; what it is sent, once the sink has ended. */
async function join(
  sink: MultiSocketSink,
  options: AddOptions = { payload: 'gdp' },
): Promise<() => Promise<Buffer>> {
  const { near, far } = await tcpPair();
  undo.push(() => far.destroy());
  const got = reader(far);
  sink.add(near, options);
  return async () => {
    const { text } = await got.all();
    far.end();
    return Buffer.from(text, 'latin1');
  };
}

const all: AddOptions = { payload: 'gdp', syncMethod: 'burst', burstMin: { frames: 1000 } };

describe('payload gdp', () => {
  it("a newcomer gets the stream's state, its headers, then frames with what is known of them", async () => {
    const sink = makeSink({ keep: { frames: 100 } });
    sink.setStreamState({
      streamStart: { streamId: 'test/1', groupId: 7 },
      caps: {
        name: 'video/x-test',
        fields: { width: 4 },
        streamheader: [Buffer.from('<h1>'), Buffer.from('<h2>')],
      },
      segment: { start: 1000n },
      tags: { title: 'hello world' },
    });
    sink.push('key', {
      pts: 2_000n,
      dts: 1_000n,
      duration: 40n,
      offset: 5n,
      offsetEnd: 6n,
      discont: true,
      live: true,
    });
    sink.push('delta', { keyframe: false, pts: 3_000n });
    sink.push('', { gap: true });
    const gdp = await join(sink, all);
    const raw = await join(sink, { ...all, payload: 'raw' });
    sink.push('more', { keyframe: false });
    const ended = sink.end();
    expect((await raw()).toString()).toBe('<h1><h2>keydeltamore');
    const out = await depay(await gdp());
    await ended;
    expect(outline(out)).toEqual([
      'stream-start',
      'caps',
      'segment',
      'tag',
      '<h1> header',
      '<h2> header',
      'key live discont',
      'delta delta',
      ' gap',
      'more delta',
    ]);
    expect(out[0]?.structure).toContain('stream-id=(string)test/1');
    expect(out[1]?.caps).toBe('video/x-test, width=(int)4, streamheader=(buffer)< 3c68313e, 3c68323e >');
    expect(out[2]?.structure).toContain('start=(guint64)1000');
    expect(out[3]?.structure).toContain('hello');
    expect(out[6]).toMatchObject({ pts: 2000, dts: 1000, duration: 40, offset: 5, offset_end: 6 });
    expect(out[7]).toEqual({ kind: 'buffer', data: 'delta', flags: ['delta'], pts: 3000 });
  });

  it('only what differs goes out later, directly before the first frame of the new state', async () => {
    const sink = makeSink();
    sink.setStreamState({
      caps: { name: 'a/b', streamheader: [Buffer.from('<h>')] },
      tags: { title: 'one' },
    });
    const gdp = await join(sink);
    sink.push('1');
    sink.setStreamState({ tags: { title: 'two' } });
    sink.push('2');
    sink.setStreamState({ title: 'for ICY players only' });
    sink.push('3');
    sink.setStreamState({ caps: { name: 'c/d', streamheader: [Buffer.from('<new>')] } });
    sink.push('4');
    sink.setStreamState({ segment: { start: 5n }, streamStart: { streamId: 'x' } });
    sink.push('5');
    void sink.end();
    const out = await depay(await gdp());
    expect(outline(out)).toEqual([
      'stream-start',
      'caps',
      'segment',
      'tag',
      '<h> header',
      '1',
      'tag',
      '2',
      '3',
      'caps',
      '<new> header',
      '4',
      'stream-start',
      'segment',
      '5',
    ]);
  });

  it('of a stream of which nothing is known it is told what no receiver can do without', async () => {
    const sink = makeSink({ payload: 'gdp', gdp: { payloadCrc: true } });
    const gdp = await join(sink, {});
    sink.push('x');
    void sink.end();
    const out = await depay(await gdp());
    expect(outline(out)).toEqual(['stream-start', 'caps', 'segment', 'x']);
    expect(out[1]?.caps).toBe('application/octet-stream');
  });

  it('starts at key frames, and in-band copies of the headers are left out', async () => {
    const sink = makeSink({ syncMethod: 'latest-keyframe' });
    sink.setStreamState({ caps: { name: 'a/b', streamheader: [Buffer.from('<h>')] } });
    for (const [i, keyframe] of [true, false, true, false].entries()) sink.push(`f${i}`, { keyframe });
    const gdp = await join(sink);
    sink.push('<h>', { header: true });
    sink.push('f4', { keyframe: false });
    void sink.end();
    expect(outline(await depay(await gdp())).slice(3)).toEqual(['<h> header', 'f2', 'f3 delta', 'f4 delta']);
  });

  it('with resendStreamHeader false it keeps the caps and headers it has', async () => {
    const sink = makeSink({ resendStreamHeader: false });
    sink.setStreamState({ caps: { name: 'a/b', streamheader: [Buffer.from('<h>')] } });
    const gdp = await join(sink);
    sink.push('1');
    sink.setStreamState({
      caps: { name: 'a/b', streamheader: [Buffer.from('<other>')] },
      tags: { title: 'x' },
    });
    sink.push('2');
    void sink.end();
    expect(outline(await depay(await gdp()))).toEqual([
      'stream-start',
      'caps',
      'segment',
      '<h> header',
      '1',
      'tag',
      '2',
    ]);
  });

  it('in chunks and WebSocket messages it is the same bytes', async () => {
    const sink = makeSink({ keep: { frames: 10 } });
    sink.setStreamState({ caps: { name: 'a/b', streamheader: [Buffer.from('<h>')] } });
    for (let i = 0; i < 5; ++i) sink.push('x'.repeat(i * 50), { pts: BigInt(i) });
    const plain = await join(sink, all);
    const chunked = await join(sink, { ...all, framing: 'chunked' });
    const messages = await join(sink, { ...all, framing: 'websocket' });
    sink.push('last');
    void sink.end();
    const bytes = await plain();
    expect(joinChunks(await chunked())).toEqual(bytes);
    const parts = splitMessages(await messages());
    expect(Buffer.concat(parts)).toEqual(bytes);
    // The state, and a packet a message.
    expect(parts.length).toBe(7);
    expect(outline(await depay(bytes)).length).toBe(4 + 6);
  });

  it('events ride in front of the next frame, for GDP clients only', async () => {
    const sink = makeSink({ gdp: { headerCrc: false } });
    const gdp = await join(sink);
    const raw = await join(sink, {});
    sink.push('1');
    expect(sink.pushEvent(Event.gap(5n, 6n))).toBe(true);
    sink.pushEvent('custom-downstream', new Structure('hello', { n: 1 }));
    sink.pushEvent('custom-both-oob', 'there, x=(string)y');
    sink.push('2');
    expect(() => sink.pushEvent(Event.tags({ title: 'x' }))).toThrow('tag is said by setStreamState()');
    expect(() => sink.pushEvent('eos')).toThrow('end()');
    expect(() => sink.pushEvent('seek', 'x')).toThrow(TypeError);
    expect(() => sink.pushEvent('gap', 'x, y=(GstObject)NULL')).toThrow(TypeError);
    const big = new Structure('big', { text: 'x'.repeat(40_000) });
    expect(sink.pushEvent('custom-downstream', big)).toBe(true);
    expect(sink.pushEvent('custom-downstream', big)).toBe(false);
    sink.push('3');
    void sink.end();
    expect((await raw()).toString()).toBe('123');
    const out = await depay(await gdp());
    // GStreamer itself loses the highest bit of a custom event's number.
    expect(outline(out).slice(3)).toEqual(['1', 'gap', 'unknown', 'unknown', '2', 'unknown', '3']);
    expect(out[5]?.structure).toBe('hello, n=(int)1;');
    expect(out[4]?.structure).toBe('GstEventGap, timestamp=(guint64)5, duration=(guint64)6;');
    expect(() => sink.pushEvent(Event.gap(1n))).toThrow(/pushEvent: the sink is/);
  });

  it('what a parser hands out can be put in as it is', async () => {
    const sink = makeSink({ payload: 'gdp' });
    const first = await join(sink, {});
    sink.setStreamState({ caps: { name: 'a/b' }, tags: { title: 'x' }, segment: { start: 5n } });
    sink.push('1', { pts: 1n, keyframe: false, gap: true });
    sink.pushEvent(Event.gap(5n));
    sink.push('2', { offset: 7n });
    void sink.end();
    const bytes = await first();
    const again = makeSink({ payload: 'gdp' });
    const second = await join(again, {});
    for (const packet of new GdpParser().push(bytes)) {
      if (packet.kind === 'buffer') again.push(packet.payload, packet);
      else if (packet.state !== undefined) again.setStreamState(packet.state);
      else again.pushEvent(packet as Event);
    }
    void again.end();
    expect((await second()).equals(bytes)).toBe(true);
  });

  it('headers too big for caps come as buffers only', async () => {
    const sink = makeSink({ payload: 'gdp' });
    const big = Buffer.alloc(3 * 1024 * 1024, 'h');
    const gdp = await join(sink, {});
    sink.setStreamState({ caps: { name: 'a/b', streamheader: [big] } });
    sink.push('1');
    void sink.end();
    const packets = [...new GdpParser().push(await gdp())];
    expect(packets.map(({ kind }) => kind)).toEqual(['event', 'caps', 'event', 'buffer', 'buffer']);
    expect(packets[1]).toMatchObject({ text: 'a/b' });
    expect(big.equals(packets[3]?.payload ?? new Uint8Array())).toBe(true);
    expect(packets[3]).toMatchObject({ header: true });
  });

  it('refuses what does not go together', async () => {
    expect(() => makeSink({ payload: 'flv' as 'raw' })).toThrow(/payload must be "raw" or "gdp"/);
    expect(() => makeSink({ gdp: { crc: true } as object })).toThrow(/gdp/);
    const sink = makeSink({ payload: 'gdp' });
    const { near, far } = await tcpPair();
    expect(() => sink.add(near, { framing: 'icy' })).toThrow(RangeError);
    sink.add(near, { framing: 'icy', payload: 'raw' });
    far.destroy();
    await once(sink, 'client-removed');
  });
});

function joinChunks(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
  return Buffer.concat(parts);
}

/** Payloads of the binary messages before the close. */
function splitMessages(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; bytes[at] === 0x82; ) {
    const short = bytes[at + 1] as number;
    const [size, head] = short === 126 ? [bytes.readUInt16BE(at + 2), 4] : [short, 2];
    parts.push(bytes.subarray(at + head, at + head + size));
    at += head + size;
  }
  return parts;
}
