// node bench/containers.mjs [--rounds N] [--mib N]: what cutting containers costs, format by format, on one core. See
// docs/bench.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCore } from '../scripts/support/core.mjs';
import { machine } from './lib/machine.mjs';
import { makeSample, SAMPLES } from './lib/samples.mjs';
import { median } from './lib/summary.mjs';
import { formatTable } from './lib/table.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, mib: { type: 'string', default: '256' } },
});
const cut = join(await buildCore('bench'), 'container_cut');
const folder = mkdtempSync(join(tmpdir(), 'flumen-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const rows = SAMPLES.map((sample, i) => {
  const file = join(folder, `${i}.${sample.suffix}`);
  writeFileSync(file, makeSample(sample, 20));
  return { sample, file, gigabytes: [], frames: 0 };
});
for (let round = 0; round < Number(values.rounds); round++) {
  for (const row of rows) {
    const { stdout, stderr, status } = spawnSync(cut, [row.sample.format, row.file, values.mib], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`container_cut ${row.sample.name}: ${stderr}`);
    const [frames, bytes, ns] = stdout.split(' ').map(Number);
    row.gigabytes.push(bytes / ns);
    row.frames = bytes / frames;
  }
}
console.log(`${JSON.stringify(machine())}\n`);
const cells = rows.map(({ sample, gigabytes, frames }) => {
  const speed = median(gigabytes);
  // 10 Mbit/s are 1.25 MB/s.
  return [sample.name, speed.toFixed(2), (0.125 / speed).toFixed(4), frames.toFixed(0)];
});
console.log(formatTable(['format', 'GB/s', '% of a core at 10 Mbit/s', 'bytes a frame'], cells));
