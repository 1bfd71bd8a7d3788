/**
 * Receivers that stall, over real sockets: who recovers resumes on a key frame, who lags beyond a limit in time goes, and
 * no other. native/test/keyframe_recovery_test.cc and time_limit_test.cc show the same over many more stalls, in virtual
 * time.
 */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Client, type ClientRemoved, MultiSocketSink } from '../../lib/index.js';
import { type Pair, tcpPair } from '../sink/support.js';
import { unixPair } from './support.js';

/** Numbers that look random and are the same in every run (an LCG; Knuth's MMIX). */
function numbers(seed: bigint): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    return Number(state >> 33n) % below;
  };
}

/** Frame n: its number, K or d, its size, and a letter of its own up to that size. */
function frameText(n: number, key: boolean, size: number): string {
  const head = `${n.toString(16).padStart(8, '0')}${key ? 'K' : 'd'}${size.toString(16).padStart(4, '0')}`;
  return head.padEnd(size, String.fromCharCode(97 + (n % 26)));
}

/** A receiver that notices every frame that is not as it was pushed, or does not follow as it may. */
class Viewer {
  recoveries = 0;
  missed = 0;
  next = -1;
  readonly wrong: string[] = [];
  readonly far: Pair['far'];
  #rest = '';

  constructor(far: Pair['far']) {
    this.far = far;
    far.on('data', (chunk) => this.#take(chunk.toString('latin1')));
  }

  #take(text: string): void {
    this.#rest += text;
    let at = 0;
    while (this.#rest.length - at >= 13) {
      const n = Number.parseInt(this.#rest.slice(at, at + 8), 16);
      const key = this.#rest[at + 8] === 'K';
      const size = Number.parseInt(this.#rest.slice(at + 9, at + 13), 16);
      if (this.#rest.length - at < size) break;
      const bytes = this.#rest.slice(at, at + size);
      if (bytes !== frameText(n, key, size)) this.wrong.push(`torn at ${n}`);
      if (n !== this.next) {
        if (!key || n < this.next) this.wrong.push(`${n}${key ? 'K' : 'd'} behind ${this.next - 1}`);
        if (this.next >= 0) this.recoveries += 1;
        if (this.next >= 0) this.missed += n - this.next;
      }
      this.next = n + 1;
      at += size;
    }
    this.#rest = this.#rest.slice(at);
  }
}

it('recovery by key frame: three hundred times, and always on a key frame', async () => {
  const random = numbers(39n);
  const sink = new MultiSocketSink({
    syncMethod: 'latest-keyframe',
    softLimit: { frames: 12 },
    hardLimit: { bytes: 32 * 1024 * 1024 },
    recoverPolicy: 'keyframe',
    sendBuffer: 8192,
    notSentLowat: 4096,
  });
  const pairs = await Promise.all([unixPair(), unixPair(), unixPair(), unixPair(), tcpPair(), tcpPair()]);
  const viewers = pairs.map(({ far }) => new Viewer(far));
  const clients = pairs.map(({ near }) => sink.add(near));
  const dropped = new Map<Client, number>();
  sink.on('client-removed', ({ client, stats }) => dropped.set(client, stats.framesDropped));
  let pushed = 0;
  let untilKey = 0;
  const push = (): void => {
    const key = untilKey === 0;
    untilKey = key ? random(30) : untilKey - 1;
    sink.push(frameText(pushed, key, 13 + random(6000)), { keyframe: key });
    pushed += 1;
  };
  const recoveries = (): number => viewers.reduce((sum, viewer) => sum + viewer.recoveries, 0);
  for (let round = 0; round < 20_000 && recoveries() < 300; round += 1) {
    const { far } = viewers[random(viewers.length)] as Viewer;
    if (far.isPaused()) far.resume();
    else far.pause();
    for (let i = random(20); i >= 0; i -= 1) push();
    await setImmediate();
  }
  // Who waits for a key frame is to get one.
  untilKey = 0;
  push();
  for (const { far } of viewers) far.resume();
  await sink.end();
  expect(recoveries()).toBeGreaterThanOrEqual(300);
  for (const [i, viewer] of viewers.entries()) {
    expect(viewer.wrong).toEqual([]);
    expect(viewer.next).toBe(pushed);
    expect(viewer.missed).toBe(dropped.get(clients[i] as Client));
    viewer.far.destroy();
  }
});

/** Milliseconds from the first frame that starts at or behind byte `sent` to the newest. */
function lagAt(sent: number, starts: readonly number[], times: readonly number[]): number {
  const first = starts.findIndex((start) => start >= sent);
  return first < 0 ? 0 : (times.at(-1) as number) - (times[first] as number);
}

it('a limit of one second, frames of all sizes: who lags more goes at that very frame, and no other', async () => {
  const LIMIT = 1000;
  const random = numbers(43n);
  const sink = new MultiSocketSink({ hardLimit: { ms: LIMIT }, sendBuffer: 8192, notSentLowat: 4096 });
  // Of those who stop for good two are on TCP and two on unix sockets.
  const pairs = await Promise.all(Array.from({ length: 12 }, (_, i) => (i < 10 ? tcpPair() : unixPair())));
  const clients = pairs.map(({ near }) => sink.add(near));
  const received = pairs.map(() => 0);
  for (const [i, { far }] of pairs.entries()) {
    far.on('error', () => {});
    far.on('data', (chunk) => {
      received[i] = (received[i] as number) + chunk.length;
    });
  }
  const starts: number[] = [];
  const times: number[] = [];
  let total = 0;
  const gone: { removed: ClientRemoved; lag: number; before: number; readers: number }[] = [];
  sink.on('client-removed', (removed) => {
    const { bytesSent } = removed.stats;
    const lag = lagAt(bytesSent, starts, times);
    const before = lagAt(bytesSent, starts.slice(0, -1), times.slice(0, -1));
    const readers = lagAt(received[clients.indexOf(removed.client)] as number, starts, times);
    gone.push({ removed, lag, before, readers });
  });
  /** The next frame 10 to 60 ms on; its turn is over when the question behind it is answered. */
  const push = async (): Promise<void> => {
    const size = random(8) === 0 ? 10_000 + random(20_000) : 20 + random(3000);
    starts.push(total);
    times.push((times.at(-1) ?? 0) + 10 + random(50));
    total += size;
    sink.push(Buffer.alloc(size), { pts: BigInt(times.at(-1) as number) * 1_000_000n });
    await sink.clientStats(clients[0] as Client);
  };
  // 0 to 3 always read, 4 to 7 pause for 900 ms of stream at a time, 8 to 11 stop one after the other, for good.
  const [read, pause, stop] = [clients.slice(0, 4), clients.slice(4, 8), clients.slice(8)];
  const farOf = (client: Client): Pair['far'] => (pairs[clients.indexOf(client)] as Pair).far;
  const caughtUp = async (those: Client[]): Promise<void> => {
    while (those.some((client) => received[clients.indexOf(client)] !== total)) await setImmediate();
  };
  for (const [i, stops] of stop.entries()) {
    for (const client of [...pause, stops]) farOf(client).pause();
    const from = times.at(-1) ?? 0;
    while ((times.at(-1) ?? 0) <= from + 900 - 60) {
      await push();
      await caughtUp(read);
    }
    for (const client of pause) farOf(client).resume();
    await caughtUp([...read, ...pause, ...stop.slice(i + 1)]);
  }
  for (let i = 0; i < 1000 && sink.size > 8; i += 1) {
    await push();
    await caughtUp([...read, ...pause]);
  }
  expect(new Set(gone.map(({ removed }) => removed.client))).toEqual(new Set(stop));
  for (const { removed, lag, before, readers } of gone) {
    expect(removed.reason).toBe('slow');
    expect(before).toBeLessThanOrEqual(LIMIT);
    expect(lag).toBeGreaterThan(LIMIT);
    // The tolerance: a receiver that has stopped lags from the first byte that it has not read. What it has not read but the
    // kernels hold cannot be seen: the send buffer, and over TCP its own receive buffer, which its kernel lets grow as it
    // likes (it has been a megabyte), and that is seconds of this thin stream. A receiver can only go later than it thinks,
    // never sooner.
    const index = clients.indexOf(removed.client);
    const held = removed.stats.bytesSent - (received[index] as number);
    if (index >= 10) expect(held).toBeLessThan(64_000);
    expect(readers).toBeGreaterThanOrEqual(lag);
  }
  for (const { far } of pairs) far.destroy();
  await sink.close();
});
