import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { MultiSocketSink } from '../../lib/index.js';
import type { ClientRemoved } from '../../lib/sink/client.js';

/** The handshake is the application's (RFC 6455 §4.2.2). */
function accept(request: http.IncomingMessage, socket: Socket, sink: MultiSocketSink): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const answer = createHash('sha1').update(key).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`,
  );
  sink.add(socket, { framing: 'websocket' });
}

describe('framing websocket, with the client of the ws package', () => {
  it('frames are messages, pings are answered, close is answered, the end is a close', async () => {
    const sink = new MultiSocketSink();
    const server = http.createServer();
    server.on('upgrade', (request, socket) => accept(request, socket as Socket, sink));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const [leaves, stays] = [new WebSocket(url), new WebSocket(url)];
    const messages: Buffer[] = [];
    stays.on('message', (data) => messages.push(data as Buffer));
    await Promise.all([once(leaves, 'open'), once(stays, 'open')]);
    while (sink.size < 2) await once(sink, 'client-added');
    const frames = [1, 125, 126, 65_535, 65_536, 300_000].map((size) => Buffer.alloc(size, `${size} `));
    for (const frame of frames) sink.push(frame);
    leaves.ping('are you there');
    const [pong] = (await once(leaves, 'pong')) as [Buffer];
    expect(pong.toString()).toBe('are you there');
    const removed = once(sink, 'client-removed');
    leaves.close(4001, 'bye');
    const [code] = await once(leaves, 'close');
    expect(code).toBe(4001);
    expect(((await removed) as [ClientRemoved])[0].reason).toBe('closed');
    const closed = once(stays, 'close');
    await sink.end();
    expect((await closed)[0]).toBe(1000);
    expect(messages).toEqual(frames);
    server.close();
  });
});
