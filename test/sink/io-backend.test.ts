import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const entry = new URL('../../dist/index.js', import.meta.url).href;

/** Serves eight clients at once, as many as make a batch worth a ring, and tells what kernel objects the process then holds. */
const program = `
import { readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { MultiSocketSink } from ${JSON.stringify(entry)};
const rings = () => {
  const links = readdirSync('/proc/self/fd').map((fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } });
  return links.filter((link) => link.includes('io_uring')).length;
};
const before = rings(); // Node's own: libuv makes some from Node 22 on
const sink = new MultiSocketSink({ flushInterval: 0 });
const server = net.createServer((socket) => sink.add(socket)).listen(0, '127.0.0.1');
await once(server, 'listening');
const clients = Array.from({ length: 8 }, () => net.connect(server.address().port, '127.0.0.1'));
while (sink.size < 8) await once(sink, 'client-added');
sink.push(Buffer.from('frame'));
const heard = await Promise.all(clients.map(async (client) => String((await once(client, 'data'))[0])));
console.log(JSON.stringify({ heard, rings: rings() - before }));
process.exit(0);
`;

/** What the program prints with this FLUMEN_IO. */
async function withBackend(value: string): Promise<{ heard: string[]; rings: number }> {
  const args = ['--input-type=module', '-e', program];
  const env = { ...process.env, FLUMEN_IO: value, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout);
}

describe('FLUMEN_IO', () => {
  const everybody = Array.from({ length: 8 }, () => 'frame');

  it('epoll makes no ring', async () => {
    expect(await withBackend('epoll')).toEqual({ heard: everybody, rings: 0 });
  });

  it('uring makes one a loop where the kernel allows it, else says what the kernel said', async () => {
    const outcome = await withBackend('uring').catch((error) => String(error.stderr));
    if (typeof outcome === 'string') expect(outcome).toMatch(/io_uring_setup/);
    else expect(outcome).toEqual({ heard: everybody, rings: expect.any(Number) });
    expect(typeof outcome === 'string' || outcome.rings > 0).toBe(true);
  });

  it('refuses anything else by name', async () => {
    await expect(withBackend('select')).rejects.toThrow(
      /FLUMEN_IO must be epoll, uring or auto, not "select"/,
    );
  });
});
