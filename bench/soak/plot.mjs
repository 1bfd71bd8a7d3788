// node bench/soak/plot.mjs FILE.json [docs/benchmarks/soak.svg]: the samples of a soak (--json) as a picture.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../lib/native.mjs';
import { linePlots } from '../lib/plot.mjs';

const MIB = 2 ** 20;

const charts = [
  ['listeners', { 'there, checked': (s) => s.here, 'descriptors of the server': (s) => s.fds }],
  [
    'MiB',
    {
      RSS: (s) => s.rss / MIB,
      'native bytes': (s) => s.liveBytes / MIB,
      'JS heap after a collection': (s) => s.heap / MIB,
    },
  ],
  ['native blocks', { 'native blocks': (s) => s.liveBlocks }],
  ['beside the listeners', { "Node's descriptors": (s) => s.fds - s.openFds, handles: (s) => s.handleCount }],
];

const [file, out = join(root, 'docs', 'benchmarks', 'soak.svg')] = process.argv.slice(2);
const { samples, options, crowd } = JSON.parse(readFileSync(file, 'utf8'));
const title = `${options.clients} listeners, ${(options.seconds / 60).toFixed(0)} minutes, ${crowd.joins.joined} joins, ${(crowd.checked.bytes / 1e9).toFixed(0)} GB checked`;
const svg = await linePlots(
  title,
  charts.map(([y, lines]) => ({
    x: 'minutes',
    y,
    height: 180,
    series: Object.entries(lines).map(([name, pick]) => ({
      name,
      points: samples.map((s) => [s.at / 60, pick(s)]),
    })),
  })),
);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, svg);
