/** The relay and the end points between programs of other people: GStreamer's elements, socat, curl. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  MultiFdSink,
  TcpClientSink,
  TcpClientSource,
  TcpServerSink,
  TcpServerSource,
} from '../../lib/index.js';
import { freePort, scratch } from '../endpoint/support.js';
import { later, type Program, run, wrote } from '../server/support.js';
import { digest, logged, noise, portOf, relay } from './support.js';

const MEDIA = noise(2_000_000);

function media(): string {
  const path = scratch('media');
  fs.writeFileSync(path, MEDIA);
  return path;
}

/** A pipeline; the text of `-q` keeps its stdout for what it writes. */
function gst(pipeline: string): Program {
  return run('gst-launch-1.0', ['-q', ...pipeline.split(' ')]);
}

/** Resolves when somebody listens on this port of 127.0.0.1. */
async function listens(port: number, program: Program): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const ss = run('ss', ['-Hltn', `sport = :${port}`]);
    await ss.ended;
    if (ss.output.stdout.length > 0) return;
    if (program.exitCode !== null) break;
  }
  throw new Error(`nobody listens on ${port}: ${program.output.stderr}`);
}

describe('GStreamer', () => {
  it('tcpclientsink | relay | tcpclientsrc', async () => {
    const program = relay('tcp-listen://127.0.0.1:0', 'tcp-listen://127.0.0.1:0');
    const inPort = (await logged(program, (line) => line.in !== undefined)).port;
    const outPort = (await logged(program, (line) => line.out !== undefined)).port;
    const receiver = gst(`tcpclientsrc host=127.0.0.1 port=${outPort} ! fdsink fd=1`);
    await logged(program, ({ msg }) => msg === 'client connected');
    const sender = gst(`filesrc location=${media()} ! tcpclientsink host=127.0.0.1 port=${inPort}`);
    expect(await sender.ended).toBe(0);
    await wrote(receiver, ({ stdout }) => stdout.length === MEDIA.length);
    expect(digest(receiver.output.stdout)).toBe(digest(MEDIA));
    // The next source, for the same receiver.
    const again = gst(`filesrc location=${media()} ! tcpclientsink host=127.0.0.1 port=${inPort}`);
    expect(await again.ended).toBe(0);
    await wrote(receiver, ({ stdout }) => stdout.length === 2 * MEDIA.length);
    program.kill('SIGTERM');
    expect(await receiver.ended).toBe(0);
    expect(digest(receiver.output.stdout)).toBe(digest(Buffer.concat([MEDIA, MEDIA])));
    expect(await program.ended).toBe(0);
  });

  it('tcpserversink | relay | tcpserversrc', async () => {
    const [from, to] = [await freePort(), await freePort()];
    const receiver = gst(`tcpserversrc host=127.0.0.1 port=${to} ! fdsink fd=1`);
    await listens(to, receiver);
    // tcpserversink keeps nothing for newcomers, so it is told when the relay is there: by its standard input.
    const sender = gst(`fdsrc fd=0 ! tcpserversink host=127.0.0.1 port=${from}`);
    await listens(from, sender);
    const program = relay('--no-reconnect', `tcp://127.0.0.1:${from}`, `tcp://127.0.0.1:${to}`);
    await logged(program, ({ msg, in: input }) => msg === 'connected' && input !== undefined);
    await accepted(from);
    sender.stdin.write(MEDIA);
    await wrote(receiver, ({ stdout }) => stdout.length === MEDIA.length);
    sender.stdin.end();
    expect(await program.ended).toBe(0);
    expect(await receiver.ended).toBe(0);
    expect(digest(receiver.output.stdout)).toBe(digest(MEDIA));
  });

  it('sound through our classes, the same as without', async () => {
    const sound = 'audiotestsrc num-buffers=200 ! audio/x-raw,format=S16LE,rate=8000,channels=1';
    const direct = gst(`${sound} ! fdsink fd=1`);
    expect(await direct.ended).toBe(0);
    const server = new TcpServerSink({ host: '127.0.0.1', port: 0 });
    const source = new TcpServerSource(server.sink, { host: '127.0.0.1', port: 0 });
    later(() => Promise.all([source.close(), server.close()]));
    await Promise.all([server.listen(), source.listen()]);
    const port = (end: TcpServerSink | TcpServerSource): number => (end.address() as { port: number }).port;
    const receiver = gst(`tcpclientsrc host=127.0.0.1 port=${port(server)} ! fdsink fd=1`);
    if (server.sink.size === 0) await new Promise((resolve) => server.once('connect', resolve as never));
    const sender = gst(`${sound} ! tcpclientsink sync=false host=127.0.0.1 port=${port(source)}`);
    expect(await sender.ended).toBe(0);
    await wrote(receiver, ({ stdout }) => stdout.length === direct.output.stdout.length);
    await server.sink.end();
    expect(await receiver.ended).toBe(0);
    expect(digest(receiver.output.stdout)).toBe(digest(direct.output.stdout));
  });
});

/** Resolves when a connection to this port has been taken from the kernel's queue. */
async function accepted(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const ss = run('ss', ['-Hltn', `sport = :${port}`]);
    await ss.ended;
    if (/^LISTEN\s+0\s/.test(ss.output.stdout.toString())) return;
  }
  throw new Error(`nobody accepts on ${port}`);
}

describe('socat', () => {
  it('over unix sockets and pipes, three relays in a row', async () => {
    const [a, b] = [scratch('a'), scratch('b')];
    const last = relay(`unix-listen:${b}`, '-');
    await logged(last, ({ msg }) => msg === 'listening');
    const middle = relay('tcp-listen://localhost:0', `unix:${b}`);
    const port = await portOf(middle);
    const first = relay(`unix-listen:${a}`, `tcp://localhost:${port}`);
    await logged(first, ({ msg }) => msg === 'listening');
    for (let i = 1; i <= 3; i += 1) {
      const sender = run('socat', ['-u', `FILE:${media()}`, `UNIX-CONNECT:${a}`]);
      expect(await sender.ended).toBe(0);
      await wrote(last, ({ stdout }) => stdout.length === i * MEDIA.length);
    }
    expect(digest(last.output.stdout)).toBe(digest(Buffer.concat([MEDIA, MEDIA, MEDIA])));
  });

  it('as the server of our clients', async () => {
    const sink = new MultiFdSink();
    const [from, to] = [await freePort(), await freePort()];
    const receiver = run('socat', ['-u', `TCP4-LISTEN:${to},bind=127.0.0.1`, 'STDOUT']);
    const sender = run('socat', ['-u', 'STDIN', `TCP4-LISTEN:${from},bind=127.0.0.1`]);
    const soon = { initial: 10, max: 50 };
    const out = new TcpClientSink({ host: 'localhost', port: to, sink, reconnect: soon });
    const source = new TcpClientSource(sink, { host: 'localhost', port: from, reconnect: soon });
    later(async () => {
      await Promise.all([source.close(), out.close()]);
      await sink.close();
    });
    await out.connect();
    await source.connect();
    sender.stdin.end(MEDIA);
    await wrote(receiver, ({ stdout }) => stdout.length === MEDIA.length);
    expect(digest(receiver.output.stdout)).toBe(digest(MEDIA));
  });
});

describe('curl', () => {
  it('a receiver that speaks HTTP/0.9, and one that leaves', async () => {
    const program = relay('-', 'tcp-listen://127.0.0.1:0');
    const port = await portOf(program);
    const curl = run('curl', ['-sN', '--http0.9', `http://127.0.0.1:${port}/`]);
    await logged(program, ({ msg }) => msg === 'client connected');
    const leaves = run('bash', ['-c', `curl -sN --http0.9 http://127.0.0.1:${port}/ | head -c 10`]);
    await logged(program, ({ msg, client }) => msg === 'client connected' && client === 2);
    program.stdin.end(MEDIA);
    expect(await leaves.ended).toBe(0);
    expect(leaves.output.stdout.equals(MEDIA.subarray(0, 10))).toBe(true);
    expect(await curl.ended).toBe(0);
    expect(digest(curl.output.stdout)).toBe(digest(MEDIA));
    expect(await program.ended).toBe(0);
  });
});
