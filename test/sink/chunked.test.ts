import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { MultiSocketSink } from '../../lib/index.js';
import { reader } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A server whose responses have begun in chunks when the sink takes them. */
async function chunkedServer(sink: MultiSocketSink, head?: Uint8Array): Promise<number> {
  const server = http.createServer((_request, response) => {
    response.write('begun ');
    sink.add(response, head === undefined ? {} : { head });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Sizes and bytes of the chunks of a body. */
function chunks(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    expect(text.slice(line + 2 + size, line + 4 + size)).toBe('\r\n');
    found.push(text.slice(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
  return found;
}

describe('framing chunked', () => {
  it('38 frames that go out together are one chunk; head option and headers are chunks of their own', async () => {
    const sink = new MultiSocketSink({ flushInterval: 100, syncMethod: 'burst' });
    undo.push(() => sink.close());
    sink.setStreamState({ headers: [Buffer.from('<header>')] });
    const frames = Array.from({ length: 38 }, (_, i) => `${i}`.padEnd(417, '.'));
    for (const frame of frames) sink.push(frame);
    const port = await chunkedServer(sink, Buffer.from('lead '));
    const socket = net.connect({ port, host: '127.0.0.1' });
    undo.push(() => socket.destroy());
    const got = reader(socket);
    const added = once(sink, 'client-added');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await added;
    const ended = sink.end();
    const { text } = await got.all();
    await ended;
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(chunks(body)).toEqual(['begun ', 'lead ', '<header>', frames.join(''), '']);
  });

  it('curl gets every byte, whatever the sizes', async () => {
    const sink = new MultiSocketSink({ syncMethod: 'burst', burstMin: { bytes: 3_000_000 } });
    undo.push(() => sink.close());
    const hash = createHash('sha256').update('begun ');
    for (const size of [1, 16_383, 16_384, 16_385, 1_000_000, 65_536, 300, 300, 300, 7]) {
      const frame = Buffer.alloc(size, `${size} `);
      hash.update(frame);
      sink.push(frame);
    }
    const port = await chunkedServer(sink);
    const added = once(sink, 'client-added');
    const fetched = promisify(execFile)('curl', ['-sSN', '--max-time', '20', `http://127.0.0.1:${port}/`], {
      encoding: 'buffer',
      maxBuffer: 2 ** 24,
    });
    await added;
    await sink.end();
    const { stdout } = await fetched;
    expect(createHash('sha256').update(stdout).digest('hex')).toBe(hash.digest('hex'));
  });
});
