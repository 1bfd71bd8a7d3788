import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { configure, MultiSocketSink } from '../../lib/index.js';

/** Pushes frames of all sizes to clients on `loops` threads; the digests of what each client got. */
async function run(frames: Buffer[], flushInterval: number): Promise<Set<string>> {
  const sink = new MultiSocketSink({ flushInterval, syncMethod: 'burst', burstMin: { bytes: 100 } });
  const server = net.createServer({ allowHalfOpen: true }, (socket) => sink.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const digests = Array.from({ length: 60 }, async () => {
    const hash = createHash('sha256');
    for await (const chunk of net.connect(port, '127.0.0.1')) hash.update(chunk);
    return hash.digest('hex');
  });
  while (sink.size < 60) await once(sink, 'client-added');
  for (const [i, frame] of frames.entries()) {
    sink.push(frame);
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  await sink.end();
  server.close();
  return new Set(await Promise.all(digests));
}

describe('a sink over three loops', () => {
  configure({ loops: 3 });
  const frames = Array.from({ length: 2_000 }, (_, i) => Buffer.alloc((i * 7919) % 3_001, `frame ${i} `));
  const expected = createHash('sha256').update(Buffer.concat(frames)).digest('hex');

  it.each([0, 20])(
    'every client on every loop gets every byte in order (flushInterval %i)',
    async (interval) => {
      expect(await run(frames, interval)).toEqual(new Set([expected]));
    },
  );
});
