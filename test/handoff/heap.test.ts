import http from 'node:http';
import net from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { type Handed, handOff, type Taker } from '../../lib/handoff/index.js';
import { Client, listen, stop } from './support.js';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

it.each([
  ['at once', (_socket: NodeJS.WritableStream) => {}],
  ['after a flush', (stream: NodeJS.WritableStream) => void stream.write('x'.repeat(4 << 20))],
])('nothing of a client stays on the heap once it has been handed over (%s)', async (_name, before) => {
  const rounds = 25;
  const refs: WeakRef<object>[] = [];
  const settled: Promise<void>[] = [];
  function take(target: net.Socket | http.ServerResponse): void {
    let resolve = () => {};
    settled.push(
      new Promise((done) => {
        resolve = done;
      }),
    );
    const taker: Taker = {
      take: (handed: Handed) => {
        if (handed.fd < 0) throw new Error('no descriptor');
        resolve();
      },
      vanished: (error) => {
        throw error ?? new Error('vanished');
      },
    };
    before(target);
    handOff(target, taker);
    refs.push(new WeakRef(target), new WeakRef(taker));
  }

  const web = http.createServer((_req, res) => {
    refs.push(new WeakRef(res.socket!));
    take(res);
  });
  const plain = net.createServer(take);
  const [webPort, plainPort] = [await listen(web), await listen(plain)];
  for (let i = 0; i < rounds; i++) {
    const clients = [new Client(webPort), new Client(plainPort)];
    clients[0]!.get();
    await Promise.all(clients.map((client) => client.closed));
  }
  await Promise.all(settled);
  expect(settled).toHaveLength(2 * rounds);
  for (let i = 0; i < 5; i++) {
    await new Promise(setImmediate);
    gc();
  }
  // The servers are still there: what they or Node's timers keep would show.
  const alive = refs.filter((ref) => ref.deref() !== undefined).length;
  expect(alive).toBeLessThanOrEqual(4);
  await Promise.all([stop(web), stop(plain)]);
});
