// Stalled listeners: of 10,000 clients 1,000 never read. See bench/stalled.mjs.
import { runStalled } from '../stalled.mjs';

export async function stalled(o) {
  const clients = o.clients?.at(-1) ?? 10_000;
  const stall = clients / 10;
  const { checks, others, removed, lastRemovedMs } = await runStalled({
    ...{ clients, stall, seconds: 30, stallTimeout: 10_000 },
  });
  const row = {
    contender: 'flumen',
    removedAsSlow: removed.slow ?? 0,
    lastRemovedMs,
    p99Ms: others.latency.p99Us / 1000,
    maxMs: others.latency.maxUs / 1000,
    wrong: others.complete ? [] : ['others missed something'],
  };
  return { sessions: [{ options: { clients, stall }, rows: [row], absent: [], checks }] };
}
