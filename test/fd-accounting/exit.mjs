// Leaves the process with clients connected: node exit.mjs MOMENT.
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { FdSource, MultiSocketSink } from '../../dist/index.js';
import { openServer, say } from './support.mjs';

const clients = 50;
const payload = Buffer.alloc(16 * 1024, 'x');

const moments = {
  async added(sink) {
    process.exit(sink.size === clients ? 0 : 3);
  },
  async pushing(sink) {
    for (let i = 0; i < 100; i++) sink.push(payload);
    process.exit(0);
  },
  async streaming(sink) {
    setInterval(() => sink.push(payload), 1);
    await setTimeout(50);
    process.exit(0);
  },
  async closing(sink) {
    sink.push(payload);
    sink.close();
    process.exit(0);
  },
  async event(sink, peers) {
    sink.on('client-removed', () => process.exit(0));
    peers[0].resetAndDestroy();
    sink.push(payload);
    await setTimeout(5000);
  },
  async hook(sink) {
    process.on('exit', () => sink.push(payload));
    process.exit(0);
  },
  async thrown(sink) {
    process.on('uncaughtException', () => process.exit(0));
    sink.on('client-removed', () => {
      throw new Error('thrown by a listener');
    });
    sink.clear();
    await setTimeout(5000);
  },
  /** No exit() at all: once the sink, the server and the peers are closed nothing keeps the process. */
  async alone(sink, peers, server) {
    sink.push(payload);
    await sink.close();
    for (const peer of peers) peer.destroy();
    await server.close();
  },
  /** Closing a source that has ended is all that is left to wait for. */
  async source(sink, peers, server) {
    await moments.alone(sink, peers, server);
    const other = new MultiSocketSink();
    const source = new FdSource(other);
    const file = openSync('/dev/null', 'r');
    source.attach(file);
    await once(source, 'end');
    await source.close();
    closeSync(file);
  },
};

const sink = new MultiSocketSink({ closeTimeout: 100 });
const server = await openServer((socket) => sink.add(socket));
const peers = await server.dial(clients);
peers.forEach((peer, i) => {
  if (i % 2 === 0) peer.resume();
});
while (sink.size < clients) await once(sink, 'client-added');
say({ ready: true });
await moments[process.argv[2]](sink, peers, server);
