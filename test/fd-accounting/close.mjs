// Closes sinks at all kinds of moments: node close.mjs ROUNDS. Counts before and after.
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { MultiSocketSink } from '../../dist/index.js';
import { equal, openServer, quiet, say, settled } from './support.mjs';

const rounds = Number(process.argv[2]);
const payload = Buffer.alloc(64 * 1024, 'x');
const clients = 8;

/** What has happened to the sink when it is closed; the clients never read, so that sends get stuck. */
const moments = [
  async () => {},
  async (sink, sockets) => {
    for (const socket of sockets) sink.add(socket);
  },
  async (sink, sockets) => {
    for (const socket of sockets) sink.add(socket);
    sink.push(payload);
  },
  async (sink, sockets) => {
    for (const socket of sockets) sink.add(socket);
    while (sink.size < clients) await once(sink, 'client-added');
    for (let i = 0; i < 20; i++) sink.push(payload);
    await setImmediate();
  },
  async (sink, sockets) => {
    for (const socket of sockets) {
      socket.write('corked until later');
      sink.add(socket);
    }
    sink.end();
  },
  async (sink, sockets) => {
    for (const socket of sockets) sink.remove(sink.add(socket));
    sink.push(payload);
  },
  async (sink, sockets, peers) => {
    for (const socket of sockets) sink.add(socket);
    for (const peer of peers) peer.resetAndDestroy();
    sink.push(payload);
  },
];

async function round(moment) {
  const sockets = [];
  const server = await openServer((socket) => sockets.push(socket));
  const peers = await server.dial(clients);
  while (sockets.length < clients) await setImmediate();
  const sink = new MultiSocketSink({ closeTimeout: 20 });
  let removed = 0;
  sink.on('client-removed', () => removed++);
  await moment(sink, sockets, peers);
  await sink.close();
  for (const each of [...sockets, ...peers]) each.destroy();
  await server.close();
  return removed;
}

for (const moment of moments) await round(moment);
const start = await settled(quiet);
const removed = moments.map(() => new Set());
for (let i = 0; i < rounds; i++) removed[i % moments.length].add(await round(moments[i % moments.length]));
const end = await settled(equal(start));
say({ start, end, removed: removed.map((set) => [...set]) });
