// node bench/stalled.mjs [--clients 10000] [--stall 1000]: what clients that never read cost, and what the others notice.
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { rssBytes, tcpMemoryBytes } from './lib/machine.mjs';
import { median } from './lib/summary.mjs';
import { formatChecks } from './lib/table.mjs';
import { closeSession, openSession } from './session.mjs';

const memoryCapBytes = 64 * 2 ** 20; // the sink's default
const sampleMs = 100;

/** Samples RSS of the server and TCP memory of the kernel until `until` settles. */
async function observe(pid, until) {
  const samples = [];
  let over = false;
  const done = until.finally(() => {
    over = true;
  });
  while (!over) {
    samples.push({ at: Date.now(), rss: rssBytes(pid), tcp: tcpMemoryBytes() });
    await setTimeout(sampleMs);
  }
  await done;
  return samples;
}

/** Milliseconds from the last removal until the kernel's TCP memory was back to its start plus a twentieth of its growth. */
function backAfterMs(samples, from, base, peak) {
  if (from === null) return Number.POSITIVE_INFINITY;
  const back = samples.find((s) => s.at >= from && s.tcp <= base + (peak - base) / 20);
  return back === undefined ? Number.POSITIVE_INFINITY : back.at - from;
}

export async function runStalled(options) {
  const o = { flush: 200, rate: 38, size: 417, loops: 1, base: 1000, rivals: ['ours'], ...options };
  o.sample ??= Math.max(1, Math.floor(o.clients / 200));
  const parts = await openSession(o);
  try {
    const ours = parts.rivals.get('ours');
    const pid = parts.pids.get('ours');
    await ours.ask('run 1 1'); // warm-up
    await setTimeout(500);
    await parts.load.peer.ask('mark');
    const before = { rss: rssBytes(pid), tcp: tcpMemoryBytes() };
    const running = ours.ask(`run 2 ${o.seconds}`);
    const samples = await observe(pid, Promise.all([running, setTimeout(o.seconds * 1000 + 3000)]));
    const sent = await running;
    const seen = await parts.load.peer.ask('report');
    const state = await ours.ask('state');
    return judge(o, { before, samples, sent, seen, state });
  } finally {
    await closeSession(parts);
  }
}

function judge(o, { before, samples, sent, seen, state }) {
  const peak = (pick) => Math.max(...samples.map(pick));
  const tcpPeak = peak((s) => s.tcp);
  const begun = samples[0].at;
  const readers = o.clients - o.stall;
  const complete =
    seen.reading === readers &&
    seen.bad === 0 &&
    seen.gaps === 0 &&
    seen.bytesMin === sent.frames * o.size &&
    seen.bytesMax === seen.bytesMin;
  return {
    options: o,
    removed: state.removed,
    firstRemovedMs: state.firstRemovedAt === null ? null : state.firstRemovedAt - begun,
    lastRemovedMs: state.lastRemovedAt === null ? null : state.lastRemovedAt - begun,
    // In the second before the first removal all stalled clients are full: the steady part of the peak below.
    tcpPlateauBytes:
      median(
        samples
          .filter((s) => s.at > state.firstRemovedAt - 1000 && s.at < state.firstRemovedAt)
          .map((s) => s.tcp),
      ) - before.tcp,
    others: {
      reading: seen.reading,
      complete,
      bad: seen.bad,
      gaps: seen.gaps,
      bytesMin: seen.bytesMin,
      bytesMax: seen.bytesMax,
      latency: seen.latency,
    },
    checks: [
      { what: 'growth of RSS, bytes', value: peak((s) => s.rss) - before.rss, limit: memoryCapBytes },
      {
        what: 'kernel TCP memory a stalled client, bytes',
        value: (tcpPeak - before.tcp) / o.stall,
        limit: 200_000,
      },
      {
        what: 'TCP memory back after the last removal, ms',
        value: backAfterMs(samples, state.lastRemovedAt, before.tcp, tcpPeak),
        limit: 3000,
      },
      { what: 'stalled clients not removed as slow', value: o.stall - (state.removed.slow ?? 0), limit: 0 },
      { what: 'others that missed something (0 or 1)', value: complete ? 0 : 1, limit: 0 },
    ],
    samples,
  };
}

export function formatStalled(r) {
  const { options: o, others } = r;
  return [
    `${o.stall} of ${o.clients} clients never read, stallTimeout ${o.stallTimeout} ms`,
    `  removed ${JSON.stringify(r.removed)}, first after ${r.firstRemovedMs} ms, last after ${r.lastRemovedMs} ms of streaming`,
    `  the others: ${others.reading} reading, ${others.bytesMin}..${others.bytesMax} bytes each, latency p99 ${others.latency.p99Us / 1000} ms`,
    `  TCP memory: ${Math.round(r.tcpPlateauBytes / o.stall)} bytes a stalled client in the second before the first removal`,
    formatChecks(r.checks),
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = (fallback) => ({ type: 'string', default: fallback });
  const { values } = parseArgs({
    options: {
      clients: text('10000'),
      stall: text('1000'),
      seconds: text('30'),
      'stall-timeout': text('10000'),
    },
  });
  const [clients, stall, seconds] = [values.clients, values.stall, values.seconds].map(Number);
  const result = await runStalled({ clients, stall, seconds, stallTimeout: Number(values['stall-timeout']) });
  console.log(formatStalled(result));
  if (!result.others.complete) process.exitCode = 1;
}
