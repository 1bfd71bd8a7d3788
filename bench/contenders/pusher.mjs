// Contender of bench/push.mjs: one sink over the inherited sockets, every push timed.
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { configure, MultiSocketSink } from '../../dist/index.js';
import { FrameWriter } from '../lib/frame.mjs';
import { serveLines } from '../lib/lines.mjs';
import { nativeProgram } from '../lib/native.mjs';

const number = (fallback) => ({ type: 'string', default: String(fallback) });
const { values } = parseArgs({
  options: {
    clients: number(0),
    base: number(1000),
    rate: number(38),
    size: number(64),
    flush: number(0),
    keep: number(0),
    burst: { type: 'boolean', default: false },
  },
});
const [clients, base, rate, size, flush, keep] = [
  values.clients,
  values.base,
  values.rate,
  values.size,
  values.flush,
  values.keep,
].map(Number);

// With --burst everything that could make a look-up longer: a start and limits in three units.
const rules = values.burst
  ? {
      syncMethod: 'burst-keyframe',
      burstMin: { frames: keep },
      burstMax: { ms: 86_400_000 },
      softLimit: { bytes: 2 ** 27 },
      hardLimit: { ms: 600_000 },
      recoverPolicy: 'keyframe',
    }
  : { hardLimit: { ms: 600_000 } };

configure({ loops: 1 });
const sink = new MultiSocketSink({
  flushInterval: flush,
  stallTimeout: 0,
  memoryCap: 2 ** 28,
  ...(keep > 0 && { keep: { frames: keep } }),
  ...rules,
});
const removed = new Map();
let lastRemovedAt = 0;
sink.on('client-removed', ({ reason }) => {
  removed.set(reason, (removed.get(reason) ?? 0) + 1);
  lastRemovedAt = performance.now();
});

const now = process.hrtime.bigint;
const noRun = 0xffff_ffff;

/** The timeline is as long as it will be before the first client comes; nobody is sent any of that. */
async function fill() {
  const writer = new FrameWriter(noRun, size);
  for (let i = 0; i < keep * 1.1; i++) {
    sink.push(writer.next());
    if (i % 1000 === 999) await setTimeout(1);
  }
  const deadline = performance.now() + 5000;
  while (sink.stats.framesQueued < keep && performance.now() < deadline) await setTimeout(10);
}

/** Waits until every client has been sent what it was owed since `served`, at most 10 s. */
async function drained(served, bytes) {
  const deadline = performance.now() + 10_000;
  while (sink.stats.bytesServed < served + bytes && performance.now() < deadline) await setTimeout(5);
}

const ioFile = openSync(`/proc/self/task/${process.pid}/io`, 'r');
const ioText = Buffer.alloc(512);

/** write() calls that this thread has made so far: a push makes one when it must wake the loop, and none else. */
function writes() {
  const length = readSync(ioFile, ioText, 0, ioText.length, 0);
  return Number(/syscw: (\d+)/.exec(ioText.latin1Slice(0, length))[1]);
}

/**
 * Two pushes back to back, `gapMs` after the last two, until `count` pairs have been made whose second push woke nobody.
 * Others, up to 10 times as many, count for their first push only: the loop was quicker than the second. `first` has all
 * first pushes, `wake` those of them that woke the loop.
 */
async function pairs(run, count, gapMs) {
  const writer = new FrameWriter(Number(run), size);
  const served = sink.stats.bytesServed;
  const [first, wake, none, clock] = [[], [], [], []];
  let made = 0;
  for (let before = writes(); none.length < Number(count) && made < 10 * Number(count); made++) {
    await setTimeout(Number(gapMs));
    const frame = Buffer.from(writer.next()); // the writer has one buffer for all
    const next = writer.next();
    now(); // the clock's own first call after a sleep is dear
    const t0 = now();
    sink.push(frame);
    const t1 = now();
    sink.push(next);
    const t2 = now();
    const t3 = now();
    const after = writes();
    first.push(Number(t1 - t0));
    if (after > before) wake.push(Number(t1 - t0));
    if (after - before < 2) none.push(Number(t2 - t1));
    clock.push(Number(t3 - t2));
    before = after;
  }
  await drained(served, 2 * made * size * sink.size);
  return { frames: 2 * made, first, wake, none, clock, framesQueued: sink.stats.framesQueued };
}

/** Single pushes, `gapMs` apart: long enough that nobody waits for a flush slot any more, so that each must wake the loop. */
async function singles(run, count, gapMs) {
  const writer = new FrameWriter(Number(run), size);
  const served = sink.stats.bytesServed;
  const wake = [];
  for (let i = 0; i < Number(count); i++) {
    await setTimeout(Number(gapMs));
    const frame = writer.next();
    const before = writes();
    now();
    const t0 = now();
    sink.push(frame);
    const t1 = now();
    if (writes() > before) wake.push(Number(t1 - t0));
  }
  await drained(served, Number(count) * size * sink.size);
  return { frames: Number(count), wake };
}

/** As singles, of the cheapest call that wakes a thread. */
async function rings(count, gapMs) {
  const bell = createRequire(import.meta.url)(nativeProgram('bell.node'));
  const wake = [];
  for (let i = 0; i < Number(count); i++) {
    await setTimeout(Number(gapMs));
    writes();
    now();
    const t0 = now();
    bell.ring();
    wake.push(Number(now() - t0));
    writes();
  }
  return { wake };
}

/** Streams at the cadence; `limitAfterMs` after the start the hard limit becomes `limitFrames`. */
async function stream(run, seconds, limitAfterMs = 'never', limitFrames = '0') {
  const writer = new FrameWriter(Number(run), size);
  const frames = Math.floor(Number(seconds) * rate);
  const pushNs = [];
  const lateMs = [];
  const start = performance.now();
  let limitAt = limitAfterMs === 'never' ? Number.POSITIVE_INFINITY : start + Number(limitAfterMs);
  const limited = limitAt;
  for (let i = 0; i < frames; i++) {
    const due = start + (i * 1000) / rate;
    for (let wait = due - performance.now(); wait > 0; wait = due - performance.now())
      await setTimeout(Math.ceil(wait));
    lateMs.push(performance.now() - due);
    if (performance.now() >= limitAt) {
      sink.setLimits({ hardLimit: { frames: Number(limitFrames) } });
      limitAt = Number.POSITIVE_INFINITY;
    }
    const frame = writer.next();
    const t0 = now();
    sink.push(frame);
    pushNs.push(Number(now() - t0));
  }
  await setTimeout(300);
  return {
    frames,
    pushNs,
    lateMs,
    removed: Object.fromEntries(removed),
    removalMs: lastRemovedAt > 0 && Number.isFinite(limited) ? lastRemovedAt - limited : null,
    clients: sink.size,
  };
}

await fill();
for (let fd = base; fd < base + clients; fd++) {
  sink.add(fd, values.burst ? { syncMethod: 'latest' } : {}); // rules of its own would keep a client out of setLimits()
  closeSync(fd); // the sink has its own duplicate
}
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid })}\n`);
await serveLines({ pairs, singles, rings, stream, quit: () => null });
process.exit(0);
