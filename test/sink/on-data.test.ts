/** What clients send, where it is wanted. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type Client, diagnostics, MultiFdSink, MultiSocketSink } from '../../lib/index.js';
import { fifo, nextRemoved, reader, scratchFile, tcpPair } from './support.js';

/** Everything heard; `until(n)` waits for n bytes. */
function hearer() {
  const heard: Buffer[] = [];
  let wake = (): void => {};
  return {
    heard,
    text: () => Buffer.concat(heard).toString('latin1'),
    onData(data: Buffer): void {
      heard.push(data);
      wake();
    },
    async until(count: number): Promise<string> {
      while (heard.reduce((sum, data) => sum + data.length, 0) < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return Buffer.concat(heard).toString('latin1');
    },
  };
}

describe('onData', () => {
  it('what Node had read comes first, then the rest in order, and all of it before client-removed', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    far.write('read by Node|');
    near.resume().pause();
    await once(near, 'readable');
    const events: unknown[] = [];
    const client = sink.add(near, { onData: (data, from) => events.push(data.toString(), from) });
    sink.on('client-removed', ({ reason }) => events.push(reason));
    expect(events).toEqual([]); // nothing before add() has returned
    far.end('by the loop');
    await once(sink, 'client-removed');
    expect(events).toEqual(['read by Node|', client, 'by the loop', client, 'closed']);
    far.destroy();
    await sink.close();
  });

  it('megabytes arrive whole while the client is served; the FIN comes behind them', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    const said = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251));
    const hash = createHash('sha256');
    let bytes = 0;
    sink.add(near, {
      onData(data) {
        hash.update(data);
        bytes += data.length;
        sink.push('.');
      },
    });
    const removed = nextRemoved(sink);
    const got = reader(far);
    far.end(said);
    expect((await removed).reason).toBe('closed');
    expect(bytes).toBe(said.length);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(said).digest('hex'));
    expect((await got.all()).text).toMatch(/^\.+$/);
    await sink.close();
    expect(diagnostics()).toMatchObject({ liveBlocks: 0, liveClients: 0, openFds: 0 });
  });

  it('while JavaScript is busy, TCP holds the sender back: some 64 KiB are under way and no more', async () => {
    const sink = new MultiSocketSink();
    const server = net.createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const total = 20_000_000;
    const program = `require('net').connect(${port}, '127.0.0.1').end(Buffer.alloc(${total}, 'z'))`;
    const sender = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
    const [socket] = (await once(server, 'connection')) as [net.Socket];
    const before = diagnostics().liveBytes;
    let held = 0;
    let bytes = 0;
    sink.add(socket, {
      onData(data) {
        if (bytes === 0) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
          held = diagnostics().liveBytes - before;
        }
        bytes += data.length;
      },
    });
    expect((await nextRemoved(sink)).reason).toBe('closed');
    expect(bytes).toBe(total);
    expect(held).toBeGreaterThan(60_000);
    // One portion on its way here, one more read meanwhile; and the slots of a first chunk of clients.
    expect(held).toBeLessThan(220_000);
    await once(sender, 'exit');
    server.close();
    await sink.close();
  });

  it('a response: what the peer sends after the handoff', async () => {
    const sink = new MultiSocketSink();
    const hears = hearer();
    const server = http.createServer((_request, response) => sink.add(response, { onData: hears.onData }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const far = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    const got = reader(far);
    far.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(sink, 'client-added');
    sink.push('streamed');
    await got.until(20);
    far.write('and answered');
    expect(await hears.until(12)).toBe('and answered');
    far.destroy();
    server.close();
    await sink.close();
  });

  it('a listener that throws loses nobody else a byte; the error is an uncaughtException', async () => {
    const sink = new MultiSocketSink();
    const pairs = await Promise.all([tcpPair(), tcpPair()]);
    const hears = hearer();
    const fault = new Error('fault of the listener');
    let thrown = 0;
    sink.add(pairs[0].near, {
      onData() {
        thrown += 1;
        throw fault;
      },
    });
    sink.add(pairs[1].near, { onData: hears.onData });
    const usual = process.listeners('uncaughtException');
    const caught: unknown[] = [];
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => caught.push(error));
    for (const { far } of pairs) far.end('heard');
    while (sink.size > 0) await once(sink, 'client-removed');
    expect(await hears.until(5)).toBe('heard');
    await new Promise(setImmediate);
    process.removeAllListeners('uncaughtException');
    for (const listener of usual) process.on('uncaughtException', listener);
    expect(thrown).toBe(1);
    expect(caught).toEqual([fault]);
    await sink.close();
  });

  it('is refused for what sends nothing, and for what is no function', async () => {
    const sink = new MultiFdSink();
    const pipe = fifo();
    const file = scratchFile();
    const onData = (): void => {};
    expect(() => sink.add(pipe.write, { onData })).toThrow(/^onData: fd \d+ is no socket/);
    expect(() => sink.add(pipe.write, { onData })).toThrow(TypeError);
    expect(() => sink.add(99_999, { onData })).toThrow(/EBADF/);
    expect(() => sink.add(pipe.write, { onData: 'yes' as never })).toThrow(
      /^onData must be a function, not "yes"/,
    );
    expect(sink.size).toBe(0);
    pipe.close();
    file.remove();
    await sink.close();
  });
});

describe('onData with framing websocket, with the client of the ws package', () => {
  async function connected(onData: (data: Buffer, client: Client) => void) {
    const sink = new MultiSocketSink();
    const server = http.createServer();
    server.on('upgrade', (request, stream, head) => {
      const socket = stream as net.Socket;
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const answer = createHash('sha1').update(key).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`,
      );
      if (head.length > 0) socket.unshift(head);
      sink.add(socket, { framing: 'websocket', onData });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await once(socket, 'open');
    return { sink, socket, server };
  }

  it('a call is one whole message, fragments joined; pings are answered and not heard', async () => {
    const heard: Buffer[] = [];
    const { sink, socket, server } = await connected((data) => heard.push(data));
    socket.send('text');
    socket.send('in ', { fin: false });
    socket.ping('between');
    socket.send('parts', { fin: true });
    socket.send(Buffer.alloc(0));
    const most = Buffer.alloc(65_536, 'most');
    socket.send(most);
    const [pong] = (await once(socket, 'pong')) as [Buffer];
    expect(pong.toString()).toBe('between');
    const removed = nextRemoved(sink);
    socket.close(1000);
    expect((await removed).reason).toBe('closed');
    expect(heard.map(String)).toEqual(['text', 'in parts', '', most.toString()]);
    server.close();
    await sink.close();
  });

  it('a message over 64 KiB is answered by a close with 1009', async () => {
    const heard: Buffer[] = [];
    const { sink, socket, server } = await connected((data) => heard.push(data));
    socket.send('fine');
    socket.send(Buffer.alloc(65_537));
    const [code] = await once(socket, 'close');
    expect(code).toBe(1009);
    expect(heard.map(String)).toEqual(['fine']);
    server.close();
    await sink.close();
  });

  it('bytes that Node had read belong to the protocol, with onData or without', async () => {
    const mask = Buffer.from([1, 2, 3, 4]);
    const frame = (opcode: number, text: string): Buffer =>
      Buffer.concat([
        Buffer.from([0x80 | opcode, 0x80 | text.length]),
        mask,
        Buffer.from(text).map((byte, i) => byte ^ (mask[i % 4] as number)),
      ]);
    for (const hears of [undefined, hearer()]) {
      const sink = new MultiSocketSink();
      const { near, far } = await tcpPair();
      const bytes = Buffer.concat([frame(1, 'hello'), frame(9, 'ping')]);
      // Cut in the middle of the ping: the other half comes to the loop.
      far.write(bytes.subarray(0, bytes.length - 3));
      near.resume().pause();
      await once(near, 'readable');
      sink.add(near, { framing: 'websocket', ...(hears && { onData: hears.onData }) });
      far.write(bytes.subarray(bytes.length - 3));
      expect(await reader(far).until(6)).toBe('\x8a\x04ping');
      if (hears) expect(await hears.until(5)).toBe('hello');
      far.destroy();
      await sink.close();
    }
  });
});
