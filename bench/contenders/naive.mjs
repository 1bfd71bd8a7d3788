// Contender: what everybody writes first, a loop of socket.write() over the inherited sockets.

import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuNow, cpuSince } from '../lib/cpu.mjs';
import { FrameWriter } from '../lib/frame.mjs';
import { serveLines } from '../lib/lines.mjs';
import { pace } from '../lib/pace.mjs';

const number = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: { clients: number(0), base: number(1000), rate: number(38), size: number(417) },
});
const [clients, base, rate, size] = [values.clients, values.base, values.rate, values.size].map(Number);

const sockets = [];
for (let fd = base; fd < base + clients; fd++) {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on('error', () => socket.destroy());
  sockets.push(socket);
}

async function drained(ms) {
  const deadline = performance.now() + ms;
  const pending = () => sockets.some((socket) => socket.writableLength > 0);
  while (pending() && performance.now() < deadline) await setTimeout(10);
  return !pending();
}

async function run(id, seconds) {
  const frames = Math.floor(Number(seconds) * rate);
  const writer = new FrameWriter(Number(id), size);
  const begun = performance.now();
  const cpu = cpuNow();
  const made = await pace(frames, rate, () => {
    const frame = Buffer.from(writer.next()); // a write may have to wait: it needs bytes that stay
    for (const socket of sockets) socket.write(frame);
  });
  const complete = await drained(10_000);
  const used = cpuSince(cpu);
  const wallNs = (performance.now() - begun) * 1e6;
  return {
    run: Number(id),
    frames: made,
    planned: frames,
    wallNs,
    ...used,
    complete,
    bytes: made * size * clients,
  };
}

process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await serveLines({ run, quit: () => null });
process.exit(0);
