// The worker of terminate.mjs: a sink with clients in this thread, at the step of its life that it is told.
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { FdSource, MultiSocketSink } from '../../dist/index.js';
import { openServer } from './support.mjs';

const { clients, step } = workerData;
const sink = new MultiSocketSink({ closeTimeout: 60_000, pace: step === 'source' ? 'wait' : 'live' });
const server = await openServer((socket) => {
  // Bytes that Node has still to write when the sink takes it.
  if (step === 'handing over') socket.write(Buffer.alloc(8 << 20));
  sink.add(socket);
});
const peers = await server.dial(clients);
peers.forEach((peer, i) => {
  if (i % 2 === 0 && step !== 'handing over') peer.resume();
});
while (sink.size < clients) await once(sink, 'client-added');
const payload = Buffer.alloc(4096, 'x');

/** What is under way when the end comes. */
const steps = {
  streaming() {
    setInterval(() => {
      for (let i = 0; i < 10; i++) sink.push(payload);
    }, 1);
  },
  closing() {
    sink.push(payload);
    setTimeout(() => sink.close(), 5);
  },
  'closed twice'() {
    sink.push(payload);
    sink.close();
    sink.end();
    sink.close();
  },
  /** Nobody reads what they are to get first. */
  'flushing what is stalled'() {
    for (const peer of peers) peer.pause();
    for (let i = 0; i < 3; i++) sink.push(Buffer.alloc(1 << 20));
    for (const client of sink.clients()) sink.remove(client, { flush: true });
  },
  removing() {
    sink.clear();
    sink.push(payload);
  },
  'events nobody hears'() {
    sink.clear();
    parentPort.postMessage('streaming');
    for (;;);
  },
  'handing over'() {
    sink.push(payload);
  },
  source() {
    const file = openSync('/dev/zero', 'r');
    new FdSource(sink).attach(file);
    closeSync(file);
  },
};

steps[step]();
parentPort.postMessage('streaming');
