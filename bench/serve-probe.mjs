// Preloaded into `flumen serve` (node --expose-gc --import bench/serve-probe.mjs bin/flumen.js serve …): answers questions about
// the inside of the server process over the IPC channel. It does nothing until it is asked.
import { setTimeout } from 'node:timers/promises';
import { diagnostics } from '../dist/index.js';
import { watchDelay } from './lib/delay.mjs';

let stopWatching;

/** Heap and native bytes after garbage collection; several turns, so that what finalizers free is freed. */
async function memory() {
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await setTimeout(50);
  }
  const { heapUsed, rss, external } = process.memoryUsage();
  return { heapUsed, rss, external, ...diagnostics() };
}

const answers = {
  memory,
  clients: () => diagnostics(),
  watch: () => {
    stopWatching = watchDelay();
    return {};
  },
  delay: () => stopWatching(),
};

process.on('message', async (question) => {
  process.send(await answers[question]());
});
process.channel.unref();
