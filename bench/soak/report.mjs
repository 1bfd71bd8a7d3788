// What a soak is judged by, and its report as text.
import { formatTable } from '../lib/table.mjs';
import { judgeGrowth } from './judge.mjs';

const MIB = 2 ** 20;

/** Within less than this stalled clients may still be collecting what they keep others from freeing: see docs/soak.md. s. */
const LONG = 300;
const SHORT_FACTOR = 4;

/** Series of a sample, and how much each may grow over the time it is looked at, however long that is. */
const SERIES = [
  { name: 'RSS', unit: 'MiB', scale: MIB, allowed: 4 * MIB, pick: (s) => s.rss },
  { name: 'JS heap', unit: 'MiB', scale: MIB, allowed: MIB, pick: (s) => s.heap },
  { name: 'native bytes', unit: 'MiB', scale: MIB, allowed: 2 * MIB, pick: (s) => s.liveBytes },
  { name: 'native blocks', unit: '', scale: 1, allowed: 64, pick: (s) => s.liveBlocks },
  { name: "Node's fds", unit: '', scale: 1, allowed: 16, pick: (s) => s.fds - s.openFds },
  {
    name: 'native fds without client',
    unit: '',
    scale: 1,
    allowed: 16,
    pick: (s) => s.openFds - s.liveClients,
  },
  {
    name: 'clients unknown to JS',
    unit: '',
    scale: 1,
    allowed: 16,
    pick: (s) => s.liveClients - s.listeners,
  },
  { name: 'handles', unit: '', scale: 1, allowed: 16, pick: (s) => s.handleCount },
];

/** Nothing of a soak that broke off before it could be judged. */
export function judgeSeries(samples, fromSecond) {
  const seen = samples.filter((s) => s.at >= fromSecond);
  if (seen.length < 6) return [];
  const factor = seen.at(-1).at - seen[0].at < LONG ? SHORT_FACTOR : 1;
  return SERIES.map(({ pick, ...series }) => ({
    ...series,
    ...judgeGrowth(
      seen.map((s) => [s.at, pick(s)]),
      series.allowed * factor,
    ),
    first: pick(seen[0]),
    last: pick(seen.at(-1)),
  }));
}

/** What is not as it was before anybody came; `left` and `before` are samples without listeners. */
export function judgeLeft(before, left, closed, exitCode) {
  const same = (what, is, was) => (is === was ? [] : [`${what}: ${is} instead of ${was}`]);
  return [
    ...same('clients left', left.liveClients, 0),
    ...same('open descriptors', left.fds, before.fds),
    ...same('native descriptors', left.openFds, before.openFds),
    ...same('handles', left.handleCount, before.handleCount),
    // Titles and headers are blocks of their own, and a loop's list of what it sent last holds on to some.
    ...(left.liveBlocks > before.liveBlocks + 80
      ? [`native blocks: ${left.liveBlocks} instead of about ${before.liveBlocks}`]
      : []),
    ...same('clients after close', closed.liveClients, 0),
    ...same('native descriptors after close', closed.openFds, 0),
    ...same('native blocks after close', closed.liveBlocks, 0),
    ...same("the server's exit code", exitCode, 0),
  ];
}

const number = (value) => value.toLocaleString('en', { maximumFractionDigits: 2 });
const list = (counts) =>
  Object.entries(counts)
    .map(([name, value]) => `${name} ${number(value)}`)
    .join(', ') || 'none';

function formatGrowth(rows) {
  const heads = ['', 'first', 'last', 'growth', '± (95 %)', 'allowed', 'an hour', '±', 'verdict'];
  const cells = rows.map((r) => {
    const shown = (value) => number(value / r.scale);
    return [
      r.unit === '' ? r.name : `${r.name}, ${r.unit}`,
      ...[r.first, r.last, r.growth, r.doubt, r.allowed, r.perHour, r.perHourDoubt].map(shown),
      r.grows ? 'GROWS' : r.zero ? 'zero' : 'within',
    ];
  });
  return formatTable(heads, cells);
}

export function formatSoak(r) {
  const { crowd, server } = r;
  return [
    `${r.options.clients} clients for ${number(r.seconds / 60)} minutes, ${number(r.samples.length)} samples, judged from second ${number(r.judgedFrom)} on`,
    `  joins     ${list(crowd.joins)}`,
    `  leaves    ${list(crowd.left)}`,
    `  reasons   ${list(server.removed)}`,
    `  checked   ${list(crowd.checked)}`,
    `  wrong     ${list(crowd.wrong)}`,
    `  faults    ${list(r.faults)}`,
    `  sends     ${r.sends === undefined ? 'by io_uring' : list(r.sends)}`,
    `  sources   ${list(r.sources)}`,
    `  warnings  ${list(server.warnings)}`,
    '',
    formatGrowth(r.series),
    '',
    ...r.problems.map((problem) => `  WRONG  ${problem}`),
    r.problems.length === 0 ? 'nothing was wrong' : 'FAILED',
  ].join('\n');
}
