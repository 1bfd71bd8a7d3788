// Real pipelines at both ends: what GStreamer pays is carried by us and depaid by GStreamer, and nothing of it changes.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FdSource, MultiSocketSink } from '../../lib/index.js';
import { freePort } from '../endpoint/support.js';
import { logged, portOf, relay } from '../relay/support.js';
import { reader, tcpPair } from '../sink/support.js';
import { type Depayed, depay } from './support.js';

const VIDEO = 'video/x-raw,width=160,height=120,framerate=25/1';
const H264 = `${VIDEO} ! openh264enc gop-size=10 ! h264parse`;

/** What makes the stream, from a source whose options come first, and what decodes it. */
const FORMATS = {
  'raw audio': ['audiotestsrc num-buffers=60', 'audio/x-raw,rate=44100', 'identity'],
  'raw video': ['videotestsrc num-buffers=20', VIDEO, 'identity'],
  WebM: [
    'videotestsrc num-buffers=60',
    `${VIDEO} ! vp8enc deadline=1 keyframe-max-dist=10 ! webmmux streamable=true`,
    'matroskademux ! vp8dec',
  ],
  Ogg: ['audiotestsrc num-buffers=120', 'audioconvert ! vorbisenc ! oggmux', 'oggdemux ! vorbisdec'],
  FLV: [
    'videotestsrc num-buffers=60',
    `${H264} ! flvmux streamable=true`,
    'flvdemux ! h264parse ! openh264dec',
  ],
  'MPEG-TS': ['videotestsrc num-buffers=60', `${H264} ! mpegtsmux`, 'tsdemux ! h264parse ! openh264dec'],
  'H.264': [
    'videotestsrc num-buffers=60',
    `${H264} ! video/x-h264,stream-format=byte-stream,alignment=au`,
    'h264parse ! openh264dec',
  ],
  MP3: [
    'audiotestsrc num-buffers=120',
    'audioconvert ! lamemp3enc ! mpegaudioparse',
    'mpegaudioparse ! mpg123audiodec',
  ],
} as const;
type Format = keyof typeof FORMATS;

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'flumen-gst-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const words = (pipeline: string): string[] => pipeline.split(' ');

function launch(
  pipeline: string,
  stdio: ('ignore' | 'pipe')[] = ['ignore', 'ignore', 'ignore'],
): ChildProcess {
  const child = spawn('gst-launch-1.0', ['-q', ...words(pipeline)], { stdio });
  undo.push(() => child.kill('SIGKILL'));
  return child;
}

async function succeeded(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect([child.exitCode, child.signalCode]).toEqual([0, null]);
}

/** The pipeline that pays `format`. What it has paid is recorded outside: two sinks of one buffer abort GStreamer 1.22 now and then. */
function paying(format: Format): string {
  const [source, encode] = FORMATS[format];
  return `${source} ! ${encode} ! gdppay`;
}

/** Connects as soon as somebody listens. */
async function reach(port: number): Promise<net.Socket> {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const there = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    if (there) return socket;
    await setTimeout(20);
  }
}

/** A port in front of `port` for one peer; what the one says to the other is recorded. */
async function recorder(port: number): Promise<{ port: number; record: Promise<Buffer> }> {
  const server = net.createServer().listen(0, '127.0.0.1');
  undo.push(() => server.close());
  await once(server, 'listening');
  const record = once(server, 'connection').then(async ([near]: net.Socket[]) => {
    const ends = [near as net.Socket, await reach(port)] as const;
    const chunks: Buffer[] = [];
    for (const end of ends) {
      end.on('data', (chunk) => chunks.push(chunk)).pipe(end === ends[0] ? ends[1] : ends[0]);
    }
    await Promise.race(ends.map((end) => once(end, 'end')));
    return Buffer.concat(chunks);
  });
  return { port: (server.address() as net.AddressInfo).port, record };
}

const DECODERS = 'vp8dec:2,openh264dec:2,vorbisdec:2,mpg123audiodec:2';

/** What a real gdpdepay and decoder make of a recording. Not from a file, in which demuxers would seek. Fails on any warning. */
function decode(format: Format, gdp: Buffer): Buffer {
  const [out, said] = [path.join(folder, 'decoded'), path.join(folder, 'said')];
  for (const file of [out, said]) fs.rmSync(file, { force: true });
  const pipeline = `fdsrc fd=0 ! gdpdepay ! ${FORMATS[format][2]} ! filesink location=${out}`;
  execFileSync('gst-launch-1.0', ['-q', ...words(pipeline)], {
    input: gdp,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, GST_DEBUG: DECODERS, GST_DEBUG_NO_COLOR: '1', GST_DEBUG_FILE: said },
  });
  expect(fs.readFileSync(said, 'utf8')).toBe('');
  return fs.readFileSync(out);
}

const frames = (gdp: readonly Depayed[]): Depayed[] => gdp.filter(({ kind }) => kind === 'buffer');
const lastCaps = (gdp: readonly Depayed[]): string | undefined =>
  gdp.findLast(({ kind }) => kind === 'caps')?.caps;

/** The frames of a recording, without in-band copies of headers: those a sink knows already. */
async function checkSame(format: Format, record: Buffer, ours: Buffer): Promise<void> {
  const [wanted, got] = [await depay(record), await depay(ours)];
  const noHeaders = (gdp: Depayed[]) => frames(gdp).filter(({ flags }) => !flags?.includes('header'));
  expect(noHeaders(got)).toEqual(noHeaders(wanted));
  expect(lastCaps(got)).toBe(lastCaps(wanted));
  expect(decode(format, ours).equals(decode(format, record))).toBe(true);
}

describe('GStreamer at both ends', () => {
  it.each(Object.keys(FORMATS) as Format[])(
    '%s: tcpclientsink to us, and to a decoder',
    async (format) => {
      const out = path.join(folder, 'ours.gdp');
      const program = relay(
        '--in-format',
        'gdp',
        '--out-format',
        'gdp',
        'tcp-listen://127.0.0.1:0',
        `file:${out}`,
      );
      undo.push(() => program.kill('SIGKILL'));

      const { port, record } = await recorder(await portOf(program));
      const sending = launch(`${paying(format)} ! tcpclientsink sync=false host=127.0.0.1 port=${port}`);
      await succeeded(sending);
      await logged(program, ({ msg }) => msg === 'disconnected');
      program.kill('SIGTERM');
      expect(await program.ended).toBe(0);

      await checkSame(format, await record, fs.readFileSync(out));
    },
    60_000,
  );

  it('three relays in a row, from fdsink to fdsrc, change nothing', async () => {
    const sending = launch(`${paying('WebM')} ! fdsink fd=3`, ['ignore', 'ignore', 'ignore', 'pipe']);
    const record: Buffer[] = [];
    const hops = ['-', '-', '-'].map((place) =>
      relay('--in-format', 'gdp', '--out-format', 'gdp', place, '-'),
    );
    const paid = sending.stdio[3] as net.Socket;
    paid.on('data', (chunk) => record.push(chunk)).pipe(hops[0]?.stdin as NodeJS.WritableStream);
    hops[0]?.stdout.pipe(hops[1]?.stdin as NodeJS.WritableStream);
    hops[1]?.stdout.pipe(hops[2]?.stdin as NodeJS.WritableStream);
    await succeeded(sending);
    for (const hop of hops) expect(await hop.ended).toBe(0);
    await checkSame('WebM', Buffer.concat(record), hops[2]?.output.stdout as Buffer);
  }, 60_000);

  it('tcpserversink to us, us to tcpclientsrc: raw and GDP of one stream', async () => {
    const [out, raw] = [path.join(folder, 'out'), path.join(folder, 'raw')];
    const port = await freePort();
    const { port: recordedPort, record } = await recorder(port);
    const program = relay(
      '--in-format',
      'auto',
      '--out-format',
      'gdp,raw',
      `tcp://127.0.0.1:${recordedPort}`,
      'tcp-listen://127.0.0.1:0',
      `file:${raw}`,
    );
    undo.push(() => program.kill('SIGKILL'));
    const receiving = launch(
      `tcpclientsrc host=127.0.0.1 port=${await portOf(program)} ! gdpdepay ! oggdemux ! vorbisdec ! filesink location=${out}`,
    );
    await logged(program, ({ msg }) => msg === 'client connected');
    const live = paying('Ogg').replace('num-buffers=120', 'num-buffers=120 is-live=true');
    const sending = launch(`${live} ! tcpserversink host=127.0.0.1 port=${port}`);
    await succeeded(sending);
    await logged(program, ({ msg }) => msg === 'disconnected');
    program.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    await succeeded(receiving);
    // It came a moment after the beginning, but with the headers.
    const wanted = frames(await depay(await record)).map(({ data }) => data as string);
    const got = fs.readFileSync(raw, 'latin1');
    const body = got.slice(wanted.slice(0, 3).join('').length);
    expect(body.length).toBeGreaterThan(0);
    expect(wanted.join('').endsWith(body)).toBe(true);
    expect(got.startsWith('OggS')).toBe(true);
    const whole = decode('Ogg', await record);
    const heard = fs.readFileSync(out);
    expect(heard.length).toBeGreaterThan(0);
    expect(whole.subarray(-4096).equals(heard.subarray(-4096))).toBe(true);
  }, 60_000);

  const joiners = process.env.FLUMEN_FULL === undefined ? 12 : 50;
  const joined: Format[] = ['FLV', 'WebM', 'MPEG-TS', 'H.264'];
  it.each(joined)(
    `%s: ${joiners} clients that join at any moment decode from a key frame on`,
    async (format) => {
      const record = path.join(folder, 'record.gdp');
      const live = paying(format).replace(
        'videotestsrc num-buffers=60',
        'videotestsrc num-buffers=100 is-live=true',
      );
      const sink = new MultiSocketSink({ payload: 'gdp', syncMethod: 'latest-keyframe' });
      undo.push(() => sink.close());
      const source = new FdSource(sink, { format: 'gdp' });
      const sending = launch(`${live} ! fdsink fd=1 sync=true`, ['ignore', 'pipe', 'ignore']);
      const tee = spawn('tee', [record], { stdio: [sending.stdout, 'pipe', 'inherit'] });
      undo.push(() => tee.kill('SIGKILL'));
      const over = once(source, 'end');
      source.attach(tee.stdout as net.Socket);
      const receivers: Promise<Buffer>[] = [];
      // Spread over the stream by its own clock: frames of it that have been served.
      const step = 90 / joiners;
      const first = await tcpPair();
      sink.add(first.near);
      let seen = 0;
      const counting = new Promise<void>((resolve) => {
        first.far.on('data', () => {
          seen += 1;
          if (seen > receivers.length * step && receivers.length < joiners) receivers.push(join(sink));
        });
        first.far.on('end', () => resolve());
      });
      await over;
      await succeeded(sending);
      const ended = sink.end();
      await counting;
      first.far.end();
      expect(receivers.length).toBeGreaterThanOrEqual(Math.min(5, joiners));
      const whole = decode(format, fs.readFileSync(record));
      for (const receiver of receivers) {
        const bytes = await receiver;
        // With the headers, or a key frame that holds them.
        expect(frames(await depay(bytes))[0]?.flags).not.toContain('delta');
        const picture = decode(format, bytes);
        expect(picture.length).toBeGreaterThan(0);
        expect(whole.subarray(-picture.length).equals(picture)).toBe(true);
      }
      await ended;
    },
    240_000,
  );
});

async function join(sink: MultiSocketSink): Promise<Buffer> {
  const { near, far } = await tcpPair();
  undo.push(() => far.destroy());
  const got = reader(far);
  sink.add(near);
  const { text } = await got.all();
  far.end();
  return Buffer.from(text, 'latin1');
}
