import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Client, type ClientRemoved, configure, diagnostics, MultiSocketSink } from '../../lib/index.js';
import { reader, tcpPair } from './support.js';

configure({ loops: 3 });

describe('native slots and the clients of JavaScript', () => {
  it('a client added while a batch of leavings is reported is not taken for one of them', async () => {
    const sink = new MultiSocketSink();
    const pairs = await Promise.all(Array.from({ length: 7 }, tcpPair));
    const [first, ...rest] = pairs;
    const old = rest.map((pair) => sink.add(pair.near));
    const gone: ClientRemoved[] = [];
    let added: Client | undefined;
    sink.on('client-removed', (removed) => {
      gone.push(removed);
      // The slots of all six are free by now, and five of them are still to be reported.
      added ??= sink.add((first as (typeof pairs)[0]).near, { tag: 'new' });
    });
    sink.clear();
    while (gone.length < old.length) await once(sink, 'client-removed');
    expect(gone.map((removed) => removed.client.id).sort()).toEqual(old.map((client) => client.id));
    expect([...sink.clients()]).toEqual([added]);
    sink.push('here');
    expect(await reader((first as (typeof pairs)[0]).far).until(4)).toBe('here');
    for (const pair of pairs) pair.far.destroy();
    await sink.close();
  });

  it('remove() that comes too late meets no one else: every client is reported once, under its own name', async () => {
    const sink = new MultiSocketSink();
    const reports = new Map<Client, string>();
    sink.on('client-removed', ({ client, reason }) => {
      expect(reports.has(client)).toBe(false);
      reports.set(client, reason);
    });
    const stays = await tcpPair();
    const staying = sink.add(stays.near, { tag: 'stays' });
    for (let round = 0; round < 60; round += 1) {
      const pairs = await Promise.all(Array.from({ length: 8 }, tcpPair));
      const clients = pairs.map((pair) => sink.add(pair.near));
      // Half of them go by themselves at the same moment.
      for (const [i, pair] of pairs.entries()) if (i % 2 === 0) pair.far.resetAndDestroy();
      await new Promise(setImmediate);
      for (const client of clients) sink.remove(client);
      for (const pair of pairs) pair.far.destroy();
    }
    while (sink.size > 1) await once(sink, 'client-removed');
    expect(reports.size).toBe(480);
    expect(reports.has(staying)).toBe(false);
    stays.far.destroy();
    await sink.close();
    expect(diagnostics()).toMatchObject({ liveClients: 0, openFds: 0 });
  });
});
