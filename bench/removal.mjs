// Part of bench/push.mjs: thousands of stalled clients removed in one moment, as the producer and the healthy clients see it.
import { setTimeout } from 'node:timers/promises';
import { pushFigures } from './lib/pushes.mjs';
import { median } from './lib/summary.mjs';
import { formatChecks, formatTable } from './lib/table.mjs';
import { closeSession, openSession } from './session.mjs';

const rate = 38;
const frameBytes = 2048;
const fillSeconds = 6;
const phaseSeconds = 5;
const limitAfterMs = 1500;
/** One second: a healthy client never lags so much, a stalled one does since long. */
const limitFrames = rate;

const phases = [
  { name: 'stalled clients stay', command: '' },
  { name: 'they are removed', command: ` ${limitAfterMs} ${limitFrames}` },
  { name: 'without them', command: '' },
];

async function phase(parts, run, { name, command }) {
  await parts.load.peer.ask('mark');
  const sent = await parts.rivals.get('pusher').ask(`stream ${run} ${phaseSeconds}${command}`);
  await setTimeout(300);
  const seen = await parts.load.peer.ask('report');
  return {
    phase: name,
    push: pushFigures(sent.pushNs),
    lateMaxMs: Math.max(...sent.lateMs),
    latency: seen.latency,
    removed: sent.removed,
    removalMs: sent.removalMs,
    sent: { frames: sent.frames, pushNs: sent.pushNs },
    seen,
  };
}

function wrongOf(o, results) {
  const wrong = [];
  for (const { phase, sent, seen } of results) {
    const bytes = sent.frames * frameBytes;
    if (seen.reading !== o.healthy || seen.bad > 0 || seen.gaps > 0)
      wrong.push(`${phase}: ${seen.reading} of ${o.healthy} reading, ${seen.bad} bad, ${seen.gaps} gaps`);
    if (seen.bytesMin !== bytes || seen.bytesMax !== bytes)
      wrong.push(`${phase}: ${seen.bytesMin}..${seen.bytesMax} bytes instead of ${bytes}`);
  }
  const { slow, ...others } = results.at(-1).removed;
  if (slow !== o.stalled || Object.keys(others).length > 0)
    wrong.push(`removed ${JSON.stringify(results.at(-1).removed)} instead of ${o.stalled} as slow`);
  return wrong;
}

async function runRound(o) {
  const parts = await openSession({
    clients: o.stalled + o.healthy,
    base: 1000,
    sample: Math.max(1, Math.floor(o.healthy / 200)),
    stall: o.stalled,
    loadOptions: { 'stall-rcvbuf': 16_384, 'forget-stalled': 1 },
    rate,
    size: frameBytes,
    rivals: ['pusher'],
    pusher: [],
  });
  try {
    await parts.rivals.get('pusher').ask(`stream 1 ${fillSeconds}`);
    const results = [];
    for (const [i, p] of phases.entries()) results.push(await phase(parts, i + 2, p));
    return results;
  } finally {
    await closeSession(parts);
  }
}

/** Options: stalled, healthy (clients), rounds. */
export async function runRemoval(o) {
  const rounds = [];
  for (let i = 0; i < o.rounds; i++) rounds.push(await runRound(o));
  return { options: o, rounds, wrong: rounds.flatMap((results) => wrongOf(o, results)) };
}

const columns = [
  ['phase', (r) => r.phase],
  ['push p50 us', (r) => r.push.p50Us.toFixed(1)],
  ['longest us', (r) => r.push.maxUs.toFixed(0)],
  ['push late, max ms', (r) => r.lateMaxMs.toFixed(1)],
  ['delivery p50 ms', (r) => (r.latency.p50Us / 1000).toFixed(1)],
  ['p99', (r) => (r.latency.p99Us / 1000).toFixed(1)],
  ['longest', (r) => (r.latency.maxUs / 1000).toFixed(1)],
  ['removed in ms', (r) => r.removalMs?.toFixed(0) ?? ''],
];

export function formatRemoval({ options: o, rounds, wrong }) {
  const longest = (results, i) => results[i].latency.maxUs / 1000;
  const more = rounds.map((results) => longest(results, 1) - longest(results, 0));
  return [
    `${o.stalled} stalled clients pass the hard limit at once, ${o.healthy} others go on; ${o.rounds} rounds`,
    formatTable(
      columns.map(([head]) => head),
      rounds.flat().map((r) => columns.map(([, cell]) => cell(r))),
    ),
    wrong.length === 0
      ? '  ok    all stalled clients removed as slow, the others missed nothing'
      : `  WRONG ${wrong.join('; ')}`,
    formatChecks([
      {
        what: 'longest delivery to a healthy client, more than without the removal, ms (median of the rounds)',
        value: median(more),
        limit: 50,
      },
      { what: 'the same, dearest round', value: Math.max(...more), limit: 50 },
      {
        what: 'longest push while they are removed, us',
        value: Math.max(...rounds.map((r) => r[1].push.maxUs)),
      },
    ]),
  ].join('\n');
}
