/** active and idle: the first client in, the last one out. */
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { MultiSocketSink } from '../../lib/index.js';
import { tcpPair } from './support.js';

function told(sink: MultiSocketSink): string[] {
  const log: string[] = [];
  for (const name of ['active', 'idle', 'client-added', 'client-removed', 'close'] as const) {
    sink.on(name, () => log.push(name));
  }
  return log;
}

it('active before the first client-added, idle after the last client-removed, and again', async () => {
  const sink = new MultiSocketSink();
  const log = told(sink);
  const pairs = await Promise.all([tcpPair(), tcpPair(), tcpPair()]);
  const [first, second, third] = pairs.map(({ near }) => near);
  const clients = [sink.add(first as never), sink.add(second as never)];
  for (const client of clients) {
    const removed = once(sink, 'client-removed');
    sink.remove(client);
    await removed;
  }
  sink.add(third as never);
  await sink.close();
  const round = ['active', 'client-added', 'client-removed', 'idle'];
  expect(log).toEqual([
    'active',
    'client-added',
    'client-added',
    'client-removed',
    'client-removed',
    'idle',
    ...round,
    'close',
  ]);
  for (const { far } of pairs) far.destroy();
});

it('a client added while the last one is reported leaves no gap; a sink without clients says nothing', async () => {
  const sink = new MultiSocketSink();
  const pairs = await Promise.all([tcpPair(), tcpPair()]);
  const [first, second] = pairs.map(({ near }) => near);
  sink.once('client-removed', () => sink.add(second as never));
  const log = told(sink);
  const removed = once(sink, 'client-removed');
  sink.remove(sink.add(first as never));
  await removed;
  expect(log).toEqual(['active', 'client-added', 'client-added', 'client-removed']);
  await sink.close();
  expect(log.slice(4)).toEqual(['client-removed', 'idle', 'close']);
  for (const { far } of pairs) far.destroy();
  const empty = new MultiSocketSink();
  const silence = told(empty);
  await empty.close();
  expect(silence).toEqual(['close']);
});
