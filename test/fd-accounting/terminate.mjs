// Terminates worker threads that own a sink with clients: node terminate.mjs ROUNDS. Counts before and after.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { equal, quiet, say, settled } from './support.mjs';

const rounds = Number(process.argv[2]);

/** Terminates a worker `afterMs` after it has come to this step; negative: before it can even have loaded the package. */
async function round(afterMs, step) {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { clients: 10, step } });
  worker.on('error', (error) => say({ workerError: error.message }));
  if (afterMs >= 0) await once(worker, 'message');
  else await setTimeout(-afterMs);
  if (afterMs > 0) await setTimeout(afterMs);
  await worker.terminate();
}

const moments = [0, 1, 3, 10, 30, -1, -5, -20, -40, -60, 0];
const steps = [
  'streaming',
  'closing',
  'closed twice',
  'flushing what is stalled',
  'removing',
  'events nobody hears',
  'handing over',
  'source',
];
for (const step of steps) await round(5, step);
const start = await settled(quiet);
for (let i = 0; i < rounds; i++) {
  await round(moments[i % moments.length], steps[i % steps.length]);
}
const end = await settled(equal(start));
say({ start, end });
