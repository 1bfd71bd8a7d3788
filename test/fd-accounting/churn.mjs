// Connects and disconnects many clients in batches: node churn.mjs TOTAL BATCH. Counts with the sink open, and after its close.
import { once } from 'node:events';
import { MultiSocketSink } from '../../dist/index.js';
import { counts, equal, openServer, quiet, say, settled } from './support.mjs';

const [total, size] = process.argv.slice(2).map(Number);
const payload = Buffer.alloc(1000, 'x');

async function batch(server, sink, gone) {
  const before = gone.count;
  const peers = await server.dial(size);
  while (sink.size < size) await once(sink, 'client-added');
  sink.push(payload);
  await Promise.all(peers.map((peer) => once(peer, 'data')));
  // Half of them leave in peace, the others by a reset.
  peers.forEach((peer, i) => {
    if (i % 2 === 0) peer.destroy();
    else peer.resetAndDestroy();
  });
  while (gone.count < before + size) await once(sink, 'client-removed');
}

async function life(batches) {
  const sink = new MultiSocketSink();
  const gone = { count: 0, reasons: {} };
  sink.on('client-removed', ({ reason }) => {
    gone.count++;
    gone.reasons[reason] = (gone.reasons[reason] ?? 0) + 1;
  });
  const server = await openServer((socket) => sink.add(socket));
  await batch(server, sink, gone);
  const open = counts();
  for (let i = 1; i < batches; i++) await batch(server, sink, gone);
  const full = await settled((now) => now.fds <= open.fds && now.liveClients === 0);
  await server.close();
  await sink.close();
  return { open, full, gone };
}

await life(1); // the pool of loops, once started, stays
const start = await settled(quiet);
const { open, full, gone } = await life(total / size);
const end = await settled(equal(start));
say({ start, open, full, end, gone });
