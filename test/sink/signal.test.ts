/** AbortSignals that let clients go. */
import { getEventListeners, once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type ClientRemoved, MultiFdSink, MultiSocketSink } from '../../lib/index.js';
import { fifo, nextRemoved, reader, tcpPair } from './support.js';

/** Warnings of the process until `stop`. */
function warnings(): { seen: Error[]; stop: () => void } {
  const seen: Error[] = [];
  const note = (warning: Error): void => {
    seen.push(warning);
  };
  process.on('warning', note);
  return { seen, stop: () => process.removeListener('warning', note) };
}

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('signal', () => {
  it('abort removes the client, and no other', async () => {
    const sink = new MultiSocketSink();
    const pairs = await Promise.all([tcpPair(), tcpPair()]);
    const abort = new AbortController();
    const client = sink.add(pairs[0].near, { signal: abort.signal });
    sink.add(pairs[1].near);
    const removed = nextRemoved(sink);
    abort.abort();
    expect(await removed).toMatchObject({ client, reason: 'removed' });
    expect(sink.size).toBe(1);
    expect(listeners(abort.signal)).toBe(0);
    for (const pair of pairs) pair.far.destroy();
    await sink.close();
  });

  it('aborted already: its reason is thrown, and nothing has happened', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    const reason = new Error('not wanted any more');
    const signal = AbortSignal.abort(reason);
    expect(() => sink.add(near, { signal })).toThrow(reason);
    expect(sink.stats.clientsAdded).toBe(0);
    expect(listeners(signal)).toBe(0);
    near.end('still mine');
    expect((await reader(far).all()).text).toBe('still mine');
    far.destroy();
    await sink.close();
  });

  it('aborted while Node still flushes: the client leaves now, and its connection is cut', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    near.write(Buffer.alloc(8_000_000));
    const abort = new AbortController();
    const client = sink.add(near, { signal: abort.signal });
    const gone: ClientRemoved[] = [];
    sink.on('client-removed', (removed) => gone.push(removed));
    abort.abort();
    expect(gone).toMatchObject([{ client, reason: 'removed' }]);
    expect(near.destroyed).toBe(true);
    expect((await reader(far).all()).text.length).toBeLessThan(8_000_000);
    await sink.close();
    expect(gone).toHaveLength(1);
  });

  it('aborted by a listener of client-added: the client leaves', async () => {
    const sink = new MultiFdSink();
    const pipe = fifo();
    const abort = new AbortController();
    sink.on('client-added', () => abort.abort());
    const removed = nextRemoved(sink);
    const client = sink.add(pipe.write, { signal: abort.signal });
    expect(await removed).toMatchObject({ client, reason: 'removed' });
    pipe.close();
    await sink.close();
  });

  it('aborted within the handoff: the client leaves, after add() has returned', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    const abort = new AbortController();
    // What of the handoff runs the application's code: destroying Node's socket, for one.
    const destroy = near.destroy.bind(near);
    near.destroy = (error) => {
      abort.abort();
      return destroy(error);
    };
    const order: string[] = [];
    sink.on('client-added', () => order.push('added'));
    const removed = nextRemoved(sink);
    sink.add(near, { signal: abort.signal });
    order.push('returned');
    expect((await removed).reason).toBe('removed');
    expect(order).toEqual(['added', 'returned']);
    far.destroy();
    await sink.close();
  });

  it('10,000 clients share one listener, which goes with the last of them', async () => {
    const noted = warnings();
    const sink = new MultiFdSink();
    const pipe = fifo();
    const abort = new AbortController();
    const { signal } = abort;
    for (let i = 0; i < 10_000; i += 1) sink.add(pipe.write, { signal });
    expect(listeners(signal)).toBe(1);
    sink.clear();
    while (sink.size > 0) await once(sink, 'client-removed');
    expect(listeners(signal)).toBe(0);
    for (let i = 0; i < 100; i += 1) sink.add(pipe.write, { signal });
    abort.abort();
    while (sink.size > 0) await once(sink, 'client-removed');
    expect(listeners(signal)).toBe(0);
    pipe.close();
    await sink.close();
    expect(noted.seen).toEqual([]);
    noted.stop();
  });

  it('is refused when it is none', async () => {
    const sink = new MultiFdSink();
    expect(() => sink.add(1, { signal: {} as never })).toThrow(/^signal must be an AbortSignal, not \{\}/);
    await sink.close();
  });
});
