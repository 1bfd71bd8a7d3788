/** FdSource with GDP: golden files, hostile ones, and the real gdppay, into a sink and out of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Caps,
  Event,
  FdSource,
  Frame,
  GdpEncoder,
  type GdpError,
  type GdpItem,
  type GdpPacket,
  GdpParser,
  MultiFdSink,
  type SourceOptions,
  type SourceWarning,
} from '../../lib/index.js';
import { depay } from '../gdp/support.js';
import { fifo, reader, scratchFile, tcpPair } from '../sink/support.js';

const FOLDER = new URL('../vectors/gdp/', import.meta.url);
const golden = (name: string): Buffer => fs.readFileSync(new URL(name, FOLDER));

let sink: MultiFdSink;
let client: Awaited<ReturnType<typeof tcpPair>>;
let got: ReturnType<typeof reader>;

beforeEach(async () => {
  sink = new MultiFdSink({ keep: { frames: 4_000 } });
  client = await tcpPair();
  sink.add(client.near);
  got = reader(client.far);
});

afterEach(async () => {
  client.far.destroy();
  await sink.close();
});

interface Outcome {
  error: GdpError | undefined;
  warnings: SourceWarning[];
}

/** Reads `bytes` from a file until the source ends. */
async function readFile(bytes: Uint8Array, options: SourceOptions = { format: 'gdp' }): Promise<Outcome> {
  const file = scratchFile();
  fs.writeFileSync(file.name, bytes);
  const fd = fs.openSync(file.name, 'r');
  try {
    return await readFrom(fd, options);
  } finally {
    fs.closeSync(fd);
    file.remove();
  }
}

async function readFrom(fd: number, options: SourceOptions = { format: 'gdp' }): Promise<Outcome> {
  const source = new FdSource(sink, options);
  const warnings: SourceWarning[] = [];
  source.on('warning', (skipped) => warnings.push(skipped));
  const ended = once(source, 'end').catch((error) => error);
  source.attach(fd);
  const error = await ended;
  await source.close();
  return { error: error instanceof Error ? (error as GdpError) : undefined, warnings };
}

/** What the client has been given when the sink has ended. */
async function received(): Promise<Buffer> {
  const ended = sink.end();
  const { text } = await got.all();
  client.far.destroy();
  await ended;
  return Buffer.from(text, 'latin1');
}

/** Why the stream cannot be read to its end. */
function endOf(bytes: Uint8Array): GdpError | undefined {
  const parser = new GdpParser();
  try {
    for (const _ of parser.push(bytes));
    parser.end();
  } catch (error) {
    // A source ends at EOS, and what follows is not looked at.
    return (error as GdpError).fault === 'after-eos' ? undefined : (error as GdpError);
  }
  return undefined;
}

/** The packets of a stream, up to its fault or EOS. */
function packetsOf(bytes: Uint8Array): GdpPacket[] {
  const packets: GdpPacket[] = [];
  try {
    for (const packet of new GdpParser().push(bytes)) packets.push(packet);
  } catch {
    // Of the broken ones, what came before.
  }
  return packets;
}

const frames = (bytes: Uint8Array) => packetsOf(bytes).filter((packet) => packet.kind === 'buffer');

/** What the sink shows of its frames is what the last ones of `all` say; only copies of headers are no frames. */
async function expectKeys(all: readonly Frame[]): Promise<void> {
  const dump = await sink.dump();
  const total = Number(/next frame (\d+)/.exec(dump)?.[1] ?? 0);
  const copies = all.length - total;
  expect(all.slice(0, copies).every(({ header }) => header)).toBe(true);
  const flv = Buffer.from(all[0]?.payload ?? []).toString('latin1', 0, 3) === 'FLV';
  const rows = [...dump.matchAll(/^ *(\d+) +(\d+) +\S+ +(key|delta) /gm)];
  expect(rows.length).toBeGreaterThanOrEqual(Math.min(total, 20));
  for (const [, frame, size, kind] of rows) {
    const { keyframe, payload } = all[copies + Number(frame)] as Frame;
    // Nobody starts at a script tag, whatever flvmux says.
    const key = keyframe && !(flv && payload[0] === 18);
    expect([frame, size, kind]).toEqual([frame, String(payload.length), key ? 'key' : 'delta']);
  }
}

const encoder = new GdpEncoder();

function stream(...items: GdpItem[]): Buffer {
  const start = [Event.streamStart({ streamId: 'x' }), new Caps({ name: 'a/b' }), Event.segment()];
  return Buffer.concat([...start, ...items].map((item) => encoder.encode(item) as Uint8Array));
}

describe('golden files', () => {
  const names = fs.readdirSync(FOLDER).filter((name) => name.endsWith('.gdp'));

  it.each(names)('%s: every frame, key or not, and the right end', async (name) => {
    const bytes = golden(name);
    const { error } = await readFile(bytes, { format: name.startsWith('v') ? 'auto' : 'gdp' });
    const expected = endOf(bytes);
    if (expected === undefined) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ ...expected, message: expected.message });
    const all = frames(bytes);
    // This one has headers again in mid-stream.
    if (name !== 'v35-tcp-late-join.gdp') await expectKeys(all);
    const repeated = name === 'v35-tcp-late-join.gdp' ? all.filter(({ at }) => at !== 1706) : all;
    const payloads = Buffer.concat(repeated.map(({ payload }) => payload));
    expect((await received()).equals(payloads)).toBe(true);
  });

  it('the state of the stream, as typed objects', async () => {
    await readFile(golden('v17-taginject.gdp'));
    const packets = packetsOf(golden('v17-taginject.gdp'));
    const expected = Object.assign(
      {},
      ...packets.map((packet) => (packet.kind === 'buffer' ? {} : packet.state)),
    );
    expect(Object.keys(expected)).toEqual(['streamStart', 'caps', 'segment', 'tags']);
    expect(sink.streamState).toEqual(expected);
    sink.setStreamState({ tags: { title: 'ours' }, title: 'now' });
    expect(sink.streamState).toEqual({ ...expected, tags: { title: 'ours' }, title: 'now' });
    // Another sender: what the first one said is over, but for what is not GDP's business.
    await readFile(stream(new Frame(Buffer.from('x'))));
    expect(sink.streamState).toEqual({
      streamStart: { streamId: 'x' },
      caps: { name: 'a/b' },
      segment: Event.segment().state?.segment,
      title: 'now',
    });
  });

  it('headers, for raw clients as the bare stream has them', async () => {
    await readFile(golden('v19-flac-es.gdp'));
    const { caps, headers } = sink.streamState;
    expect(headers?.map((header) => Buffer.from(header).toString('latin1', 0, 4))).toEqual([
      'fLaC',
      '\x84\0\0F',
    ]);
    expect(caps?.streamheader).toEqual(headers);
    await readFile(golden('v08-vp8-es.gdp'));
    expect(sink.streamState).not.toHaveProperty('headers');
  });
});

describe('GDP in, GDP out', () => {
  const names = fs.readdirSync(FOLDER).filter((name) => name.startsWith('v'));

  it.each(names)('%s: the same frames, caps and events, and gdpdepay takes it', async (name) => {
    const bytes = golden(name);
    const pair = await tcpPair();
    sink.add(pair.near, { payload: 'gdp' });
    const out = reader(pair.far);
    expect(await readFile(bytes)).toMatchObject({ error: undefined });
    const ended = sink.end();
    const [{ text }] = await Promise.all([out.all(), got.all()]);
    client.far.destroy();
    pair.far.destroy();
    await ended;
    const wire = Buffer.from(text, 'latin1');
    expect(endOf(wire)).toBeUndefined();
    expect(media(packetsOf(wire))).toEqual(media(packetsOf(bytes)));
    await depay(wire);
  });

  /** Without headers, which are sent where a receiver needs them, and what follows the last frame, which is lost. */
  function media(packets: readonly GdpPacket[]): unknown[] {
    const last = packets.findLastIndex(({ kind }) => kind === 'buffer');
    let caps = '';
    return packets.slice(0, last + 1).flatMap((packet): unknown[] => {
      if (packet.kind === 'buffer') {
        const { at: _, wire: __, payload, ...rest } = packet;
        return packet.header ? [] : [{ ...rest, payload: Buffer.from(payload).toString('hex') }];
      }
      if (packet.kind === 'event') return packet.state === undefined ? [[packet.type, packet.text]] : [];
      // Muxers say what a stream is in several steps; it counts when a frame comes.
      const { name, fields } = packet.caps;
      const said = JSON.stringify([name, fields]);
      const again = said === caps;
      caps = said;
      return again ? [] : [said];
    });
  }
});

describe('trouble', () => {
  it('is an error with place and fault; what came before is in the sink, and another source may follow', async () => {
    const bad = Buffer.from(stream(new Frame(Buffer.from('a')), new Frame(Buffer.from('b'))));
    bad.writeUInt8(1, bad.length - 30);
    const { error } = await readFile(bad);
    expect(error).toMatchObject({
      code: 'ERR_FLUMEN_GDP',
      fault: 'header-crc',
      at: bad.length - 63,
      packet: 4,
    });
    expect(error?.message).toMatch(/^GDP packet 4 at byte \d+: the header has checksum \d+, but says \d+$/);
    expect((await readFile(stream(new Frame(Buffer.from('c'))))).error).toBeUndefined();
    expect((await received()).toString()).toBe('ac');
  });

  it('events that cannot be used are warnings', async () => {
    const { error, warnings } = await readFile(golden('r03-toc.gdp'));
    expect(error).toBeUndefined();
    expect(warnings).toEqual([
      {
        at: expect.any(Number),
        packet: 4,
        event: 'toc',
        reason: "what it carries is an object of the sender's process",
      },
    ]);
    // A SEEK goes to the sender: it was never meant for us. The other one has no number.
    expect((await readFile(golden('c40-upstream-event.gdp'))).warnings).toMatchObject([{ event: 'unknown' }]);
    const [first, second] = (await readFile(golden('c39-unknown-event-number.gdp'))).warnings;
    expect(first).toMatchObject({
      packet: 4,
      event: 'unknown',
      reason: expect.stringMatching(/^nobody knows event/),
    });
    expect(second).toMatchObject({ packet: 5 });
  });

  it('EOS ends the source although the peer stays', async () => {
    const encoderPair = await tcpPair();
    const source = new FdSource(sink, { format: 'auto' });
    source.attach(encoderPair.near);
    const peer = reader(encoderPair.far);
    encoderPair.far.write(stream(new Frame(Buffer.from('a')), new Event('eos')));
    await once(source, 'end');
    expect(source.attached).toBe(false);
    expect((await peer.all()).text).toBe('');
    encoderPair.far.destroy();
    await source.close();
    expect((await received()).toString()).toBe('a');
  });

  it('auto: anything else stays as it is, however short', async () => {
    for (const text of ['', '\x01', '\x01\0\x01\0', 'OggS', 'x'.repeat(100)]) {
      expect((await readFile(Buffer.from(text, 'latin1'), { format: 'auto' })).error).toBeUndefined();
    }
    expect((await received()).toString('latin1')).toBe(`\x01\x01\0\x01\0OggS${'x'.repeat(100)}`);
  });

  it('noise instead of GDP, and every golden file with bytes that are wrong, never takes the process down', async () => {
    let state = 1;
    const roll = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    for (const name of fs.readdirSync(FOLDER)) {
      const bytes = Buffer.from(golden(name));
      for (let i = 0; i < 3; i += 1) if (bytes.length > 0) bytes[roll(bytes.length)] = roll(256);
      const { error } = await readFile(bytes);
      if (error !== undefined) expect(error.code).toBe('ERR_FLUMEN_GDP');
    }
  });

  it('a format that there is not', () => {
    expect(() => new FdSource(sink, { format: 'rm' as never })).toThrow(
      /^format must be "raw", "gdp", "auto", "mp3", .* or "sse", not "rm"$/,
    );
  });
});

describe('pace wait', () => {
  it('a client that takes nothing stops the source, and everything arrives in the end', async () => {
    const slow = new MultiFdSink({ pace: 'wait', softLimit: { frames: 100 }, stallTimeout: 0 });
    const pair = await tcpPair();
    slow.add(pair.near);
    const payloads = Array.from({ length: 3_000 }, (_, i) => Buffer.alloc(4_000, i));
    const bytes = stream(...payloads.map((payload) => new Frame(payload)));
    const file = scratchFile();
    fs.writeFileSync(file.name, bytes);
    const fd = fs.openSync(file.name, 'r');
    const source = new FdSource(slow, { format: 'gdp' });
    const ended = once(source, 'end');
    source.attach(fd);
    fs.closeSync(fd);
    while (slow.stats.framesQueued <= 100) await new Promise(setImmediate);
    const all = reader(pair.far).all();
    await ended;
    // It had to wait: never more than the limit and what one read brings besides what sockets hold.
    expect(source.bytesRead).toBe(bytes.length);
    const ending = slow.end();
    const { text } = await all;
    pair.far.destroy();
    await Promise.all([ending, source.close()]);
    file.remove();
    expect(Buffer.from(text, 'latin1').equals(Buffer.concat(payloads))).toBe(true);
  });
});

describe('the real gdppay', () => {
  /** A pipeline that ends in a muxer or encoder, and what its bytes are without GDP. */
  const pipelines: [name: string, pipeline: string][] = [
    ['raw audio', 'audiotestsrc num-buffers=50 ! audio/x-raw,format=S16LE,rate=8000,channels=1'],
    ['raw video', 'videotestsrc num-buffers=5 ! video/x-raw,format=I420,width=64,height=48,framerate=25/1'],
    [
      'WebM',
      'videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48,framerate=10/1 ! vp8enc deadline=1 keyframe-max-dist=10 ! webmmux streamable=true',
    ],
    ['Ogg', 'audiotestsrc num-buffers=100 ! audioconvert ! vorbisenc ! oggmux'],
    [
      'FLV',
      'audiotestsrc num-buffers=100 ! audio/x-raw,rate=44100 ! lamemp3enc ! mpegaudioparse ! flvmux streamable=true',
    ],
    [
      'MPEG-TS',
      'videotestsrc num-buffers=30 ! video/x-raw,width=160,height=96,framerate=10/1 ! openh264enc gop-size=10 ! h264parse ! mpegtsmux',
    ],
    [
      'H.264',
      'videotestsrc num-buffers=30 ! video/x-raw,width=160,height=96,framerate=10/1 ! openh264enc gop-size=10 ! h264parse ! video/x-h264,stream-format=byte-stream',
    ],
    ['MP3', 'audiotestsrc num-buffers=100 ! lamemp3enc'],
  ];

  it.each(pipelines)('%s: the bytes and key frames of the pipeline', async (_name, pipeline) => {
    const file = scratchFile();
    const pipe = fifo();
    // What it pays is recorded outside of it: two sinks of one buffer abort GStreamer 1.22 now and then.
    const program = spawn('gst-launch-1.0', ['-q', ...`${pipeline} ! gdppay ! fdsink fd=1`.split(' ')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(program, 'exit');
    spawn('tee', [file.name], { stdio: [program.stdout, pipe.write, 'inherit'] });
    fs.closeSync(pipe.write);
    const outcome = await readFrom(pipe.read, { format: 'auto' });
    fs.closeSync(pipe.read);
    expect(await exit).toEqual([0, null]);
    expect(outcome).toEqual({ error: undefined, warnings: [] });
    const wire = fs.readFileSync(file.name);
    await expectKeys(frames(wire));
    const paid = (await depay(wire)).map(({ data = '' }) => Buffer.from(data, 'latin1'));
    const plain = Buffer.concat(paid);
    expect(plain.length).toBeGreaterThan(1_000);
    expect((await received()).equals(plain)).toBe(true);
    file.remove();
  });
});
