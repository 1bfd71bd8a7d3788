// The worker of terminate.mjs: a sink with clients in this thread, pushing until the end.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { MultiSocketSink } from '../../dist/index.js';
import { openServer } from './support.mjs';

const sink = new MultiSocketSink();
const server = await openServer((socket) => sink.add(socket));
const peers = await server.dial(workerData.clients);
peers.forEach((peer, i) => {
  if (i % 2 === 0) peer.resume();
});
while (sink.size < workerData.clients) await once(sink, 'client-added');
const payload = Buffer.alloc(4096, 'x');
const pushing = setInterval(() => {
  for (let i = 0; i < 10; i++) sink.push(payload);
}, 1);
if (workerData.closing) {
  setTimeout(() => {
    clearInterval(pushing);
    sink.close();
  }, 5);
}
parentPort.postMessage('streaming');
