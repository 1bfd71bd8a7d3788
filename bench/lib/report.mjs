// What is printed and drawn of the results in docs/benchmarks: a table a session, the promises, two plots.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barPlot, linePlot } from './plot.mjs';

const fixed = (digits) => (value) =>
  value === null || value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
const percent = (value) => `${fixed(1)(value * 100)} %`;

const costs = [
  ['cores', 'cores', fixed(3)],
  [
    'ns a byte (min to max)',
    (r) => `${fixed(2)(r.nsPerByte)} (${fixed(2)(r.nsPerByteMin)} to ${fixed(2)(r.nsPerByteMax)})`,
  ],
  ['MB a CPU second', 'megabytesPerCpuSecond', fixed(0)],
  ['delivered', 'delivered', percent],
  ['sends a frame', 'sendsPerFrame', fixed(2)],
  ['latency p50, ms', 'p50Ms', fixed(1)],
  ['p99', 'p99Ms', fixed(1)],
  ['longest', 'maxMs', fixed(1)],
  ['RSS a client, bytes', 'rssPerClient', fixed(0)],
];
const waits = [
  ['answer p50, ms', 'p50Ms', fixed(1)],
  ['p99', 'p99Ms', fixed(1)],
  ['longest', 'maxMs', fixed(1)],
];

const columns = {
  radio: costs,
  video: [...costs, ['began with a key frame', (r) => (r.sampled ? `${r.keyStarts} of ${r.sampled}` : '')]],
  curve: costs.slice(0, -1),
  latency: costs.slice(0, -1),
  tuning: [
    ['cores', 'cores', fixed(3)],
    ['ns a byte', 'nsPerByte', fixed(2)],
    ['to the first row', 'ratio', fixed(3)],
    ['latency p50, ms', 'p50Ms', fixed(1)],
    ['p99', 'p99Ms', fixed(1)],
  ],
  storm: [['answered', 'answered', fixed(0)], ['all answered after, ms', 'allMs', fixed(0)], ...waits],
  stalled: [
    ['removed as slow', 'removedAsSlow', fixed(0)],
    ['others: latency p99, ms', 'p99Ms', fixed(1)],
    ['longest', 'maxMs', fixed(1)],
  ],
  churn: [
    ['cores', 'cores', fixed(3)],
    ['joins a second', 'rate', fixed(0)],
    ['failed', 'failed', percent],
    ...waits,
  ],
};

const titles = {
  radio: 'Radio: MP3 of 128 kbit/s',
  video: 'Video: WebM of 2 Mbit/s, a key frame a second',
  storm: 'Storm: everybody dials at once',
  stalled: 'Stalled: a tenth never reads',
  churn: 'Churn: 500 leave and 500 come a second',
  curve: 'Cost curve: flumen and the C floor with the same slots, 200 ms',
  latency: 'Latency by flush interval',
  tuning: 'Tuning: what could be set otherwise',
  codec: 'GDP codec and containers',
};

const cell = (row, [, pick, show]) => (typeof pick === 'function' ? pick(row) : show(row[pick]));

function verdict({ what, value, limit }) {
  const figure = fixed(Math.abs(value) < 100 ? 3 : 0)(value);
  if (limit === undefined) return `* ${what}: ${figure}`;
  return `* ${what}: **${figure}** (at most ${fixed(Math.abs(limit) < 100 ? 3 : 0)(limit)}: ${value <= limit ? 'holds' : 'does not hold'})`;
}

/** One session in Markdown: table, who was left out and why, promises, what was wrong. */
export function sessionText(workload, { options, rows, absent, checks }) {
  const own = columns[workload];
  const { clients, rate, size, flush, rounds, seconds } = options;
  const stream = rate
    ? `, ${rate} frames/s of ${size} bytes${flush === undefined ? '' : `, flush ${flush} ms`}`
    : '';
  const length = `${stream}${rounds ? `, ${rounds} rounds of ${seconds} s` : ''}`;
  const wrong = rows.flatMap((row) => row.wrong.map((text) => `* WRONG: ${row.contender}: ${text}`));
  const table = [
    `| ${clients} clients${length} | ${own.map(([head]) => head).join(' | ')} |`,
    `|---|${own.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.contender} | ${own.map((column) => cell(row, column)).join(' | ')} |`),
  ];
  const left = absent.map(({ contender, why }) => `* not in it: ${contender}: ${why}`);
  return [table.join('\n'), [...checks.map(verdict), ...left, ...wrong].join('\n')]
    .filter(Boolean)
    .join('\n\n');
}

/** `remark`: added to a result by hand, when something was not as it should be while it was measured. */
function chapter(name, { machine, minutes, sessions, texts = [], remark = '' }) {
  const where =
    `${machine.date.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}; it took ${fixed(1)(minutes)} minutes. ${remark}`.trimEnd();
  const blocks = texts.map(({ text }) => `\`\`\`text\n${text.trimEnd()}\n\`\`\``);
  return [
    `## ${titles[name]}`,
    where,
    ...sessions.map((session) => sessionText(name, session)),
    ...blocks,
  ].join('\n\n');
}

const ours = ['flumen-200', 'flumen-500'];

/** The picture of the README: CPU a delivered byte, radio. */
function radioPlot({ sessions }) {
  const rows = sessions.flatMap(({ options, rows: all }) => {
    const floors = all.filter(({ contender }) => contender.startsWith('floor'));
    const best = (flush) =>
      floors
        .filter(({ contender }) => contender.includes(`-${flush}-`))
        .toSorted((a, b) => a.nsPerByte - b.nsPerByte)[0];
    const kept = all.filter((row) => !floors.includes(row) || row === best(200) || row === best(500));
    return kept
      .toSorted((a, b) => a.nsPerByte - b.nsPerByte)
      .map((row) => ({
        group: `${options.clients.toLocaleString('en')} listeners`,
        name: row.contender
          .replace(/^floor-(\d+)-.*/, 'C floor, $1 ms')
          .replace(/^flumen-(\d+)/, 'flumen, $1 ms'),
        value: row.nsPerByte,
        label: `${row.nsPerByte.toFixed(1)}${row.delivered < 0.9 ? ` (delivered ${(row.delivered * 100).toFixed(0)} %)` : ''}`,
      }));
  });
  return barPlot({
    title: 'CPU a delivered byte, radio of 128 kbit/s',
    subtitle: 'whole process, all threads; medians; less is better',
    rows,
    x: 'ns of CPU a byte',
    ours: ours.map((name) => name.replace(/^flumen-(\d+)/, 'flumen, $1 ms')),
  });
}

function curvePlot({ sessions }) {
  const points = (name) =>
    sessions.map(({ options, rows }) => [
      options.clients,
      rows.find((row) => row.contender === name)?.nsPerByte,
    ]);
  const series = [
    { name: 'flumen', points: points('flumen-200') },
    { name: 'C floor, same slots', points: points('floor-200-live') },
  ];
  const title = 'CPU a delivered byte by number of clients, flush interval 200 ms';
  return linePlot({ title, series, x: 'clients', y: 'ns of CPU a byte', logX: true, logY: true });
}

/** Writes README.md and the plots into `out`. `results`: by workload. */
export async function writeReport(out, results) {
  const intro =
    '# Benchmarks\n\nWritten by `npm run bench`; how it is measured, and what the columns mean: [bench.md](../bench.md). Each `.json` beside this page has every turn. ' +
    'Only figures of one table may be compared. An hour of everything that can go wrong: [soak](../soak.md).';
  const plots = [];
  if (results.radio) {
    writeFileSync(join(out, 'fanout.svg'), await radioPlot(results.radio));
    plots.push('![CPU a delivered byte, radio](fanout.svg)');
  }
  if (results.curve) {
    writeFileSync(join(out, 'curve.svg'), await curvePlot(results.curve));
    plots.push('![CPU a delivered byte by number of clients](curve.svg)');
  }
  const chapters = Object.entries(results).map(([name, result]) => chapter(name, result));
  writeFileSync(join(out, 'README.md'), `${[intro, ...plots, ...chapters].join('\n\n')}\n`);
}
