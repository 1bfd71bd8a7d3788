import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { MultiSocketSink } from '../../lib/index.js';
import { nextRemoved, reader, tcpPair } from './support.js';

/** What `ss` says of the connection whose local port is `port`: options and timers of the kernel's socket. */
const kernelView = (port: number): string =>
  execFileSync('ss', ['-tnoiem', '--tos', `sport = :${port}`], { encoding: 'utf8' });

describe('socket options', () => {
  it('are set on the client that is handed over', async () => {
    const sink = new MultiSocketSink({ sendBuffer: 65_536, keepAlive: 30_000, dscp: 46 });
    const { near, far } = await tcpPair();
    const port = near.localPort as number;
    sink.add(near);
    const got = reader(far);
    sink.push('x');
    await got.until(1);
    const view = kernelView(port);
    expect(view).toMatch(/timer:\(keepalive,(2[5-9]|30)/);
    expect(view).toMatch(/tb131072/);
    expect(view).toMatch(/tos:0xb8/);
    far.destroy();
    await sink.close();
  });

  it("a client's own go before the sink's, what it does not ask for is the sink's", async () => {
    const sink = new MultiSocketSink({ sendBuffer: 65_536, keepAlive: 30_000, dscp: 46 });
    const { near, far } = await tcpPair();
    const port = near.localPort as number;
    sink.add(near, { dscp: 8, keepAlive: 90_000 });
    const got = reader(far);
    sink.push('x');
    await got.until(1);
    const view = kernelView(port);
    expect(view).toMatch(/timer:\(keepalive,1min/);
    expect(view).toMatch(/tb131072/);
    expect(view).toMatch(/tos:0x20/);
    far.destroy();
    await sink.close();
  });

  it("a client's own are checked as the sink's are", async () => {
    const sink = new MultiSocketSink();
    expect(() => sink.add(1, { dscp: 64 })).toThrow(/^dscp must be from -1 to 63, not 64/);
    expect(() => sink.add(1, { noDelay: 1 as never })).toThrow(/^noDelay must be true or false, not 1/);
    expect(() => sink.add(1, { notSentLowat: 0.5 })).toThrow(/^notSentLowat must be/);
    expect(() => sink.add(1, { userTimeout: -1 })).toThrow(/^userTimeout must be from 0/);
    expect(() => sink.add(1, { halfClose: 'keep' } as never)).toThrow(/no option "halfClose"/);
    expect(sink.size).toBe(0);
    await sink.close();
  });

  it('IPv6 clients are served and marked as well', async () => {
    const sink = new MultiSocketSink({ dscp: 8 });
    const server = net.createServer((socket) => sink.add(socket)).listen(0, '::1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const far = net.connect(port, '::1');
    await once(sink, 'client-added');
    const got = reader(far);
    sink.push('six');
    expect(await got.until(3)).toBe('six');
    expect(kernelView(port)).toMatch(/tclass:0x20/);
    far.destroy();
    server.close();
    await sink.close();
  });

  it('halfClose keep: a FIN only ends what the client has to say', async () => {
    const sink = new MultiSocketSink({ halfClose: 'keep' });
    const { near, far } = await tcpPair();
    sink.add(near);
    const got = reader(far);
    far.end();
    await once(far, 'finish');
    for (const word of ['still ', 'listening']) sink.push(word);
    expect(await got.until(15)).toBe('still listening');
    expect(sink.size).toBe(1);
    const removed = nextRemoved(sink);
    far.resetAndDestroy();
    expect((await removed).reason).toBe('closed');
    await sink.close();
  });
});
