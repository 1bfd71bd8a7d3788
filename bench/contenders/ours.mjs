// Contender: one sink of this package over the inherited sockets, fed by push() from JavaScript.
import { execFileSync } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { configure, MultiSocketSink } from '../../dist/index.js';
import { cpuNow, cpuSince } from '../lib/cpu.mjs';
import { watchDelay } from '../lib/delay.mjs';
import { FrameWriter } from '../lib/frame.mjs';
import { serveLines } from '../lib/lines.mjs';
import { pace } from '../lib/pace.mjs';

const number = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: {
    clients: number(0),
    base: number(1000),
    rate: number(38),
    size: number(417),
    flush: number(200),
    loops: number(1),
    'stall-timeout': number(30000),
    'send-buffer': number(0), // 0: the system's
    lowat: number(-1), // -1: the sink's default
    pin: number(-1), // the core that the loop thread may use; -1: any
    'time-pushes': number(0), // 1: each push is timed, and the event loop is not watched (its timer costs CPU)
  },
});
const [clients, base, rate, size] = [values.clients, values.base, values.rate, values.size].map(Number);

configure({ loops: Number(values.loops) });
const timing = values['time-pushes'] !== '0';
const sink = new MultiSocketSink({
  flushInterval: Number(values.flush),
  stallTimeout: Number(values['stall-timeout']),
  ...(values['send-buffer'] !== '0' && { sendBuffer: Number(values['send-buffer']) }),
  ...(values.lowat !== '-1' && { notSentLowat: Number(values.lowat) }),
});
const removed = new Map();
const removedAt = [];
sink.on('client-removed', ({ reason }) => {
  removed.set(reason, (removed.get(reason) ?? 0) + 1);
  removedAt.push(Date.now());
});
for (let fd = base; fd < base + clients; fd++) {
  sink.add(fd);
  closeSync(fd); // the sink has its own duplicate; two of each would not fit under a nofile limit of 20,000
}

if (values.pin !== '-1') {
  const threads = readdirSync('/proc/self/task');
  const loops = threads.filter((tid) =>
    /^flumen-\d/.test(readFileSync(`/proc/self/task/${tid}/comm`, 'latin1')),
  );
  for (const tid of loops) execFileSync('taskset', ['-pc', values.pin, tid], { stdio: 'ignore' });
}

/** Waits until everything pushed has been handed to the kernel, at most `ms`. */
async function drained(target, ms) {
  const deadline = performance.now() + ms;
  while (sink.stats.bytesServed < target && performance.now() < deadline) await setTimeout(10);
  return sink.stats.bytesServed >= target;
}

/** Pushes a frame and notes how long the call took. */
function timedPush(frame, pushNs) {
  const begun = process.hrtime.bigint();
  sink.push(frame);
  pushNs.push(Number(process.hrtime.bigint() - begun));
}

async function run(id, seconds) {
  const frames = Math.floor(Number(seconds) * rate);
  const writer = new FrameWriter(Number(id), size);
  const served = sink.stats.bytesServed;
  const begun = performance.now();
  const pushNs = [];
  const delay = timing ? () => undefined : watchDelay();
  const cpu = cpuNow();
  const made = await pace(frames, rate, () =>
    timing ? timedPush(writer.next(), pushNs) : sink.push(writer.next()),
  );
  const pushed = performance.now();
  const complete = await drained(served + made * size * sink.size, 5000);
  const used = cpuSince(cpu);
  const done = performance.now();
  return {
    run: Number(id),
    frames: made,
    planned: frames,
    wallNs: (done - begun) * 1e6,
    drainNs: (done - pushed) * 1e6,
    ...used,
    complete,
    bytes: sink.stats.bytesServed - served,
    delay: delay(),
    ...(timing && { pushNs }),
  };
}

function state() {
  return {
    clients: sink.size,
    removed: Object.fromEntries(removed),
    firstRemovedAt: removedAt.at(0) ?? null, // epoch ms
    lastRemovedAt: removedAt.at(-1) ?? null,
    rssBytes: process.memoryUsage.rss(),
    stats: sink.stats,
  };
}

process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid })}\n`);
await serveLines({ run, state, quit: () => null });
process.exit(0);
