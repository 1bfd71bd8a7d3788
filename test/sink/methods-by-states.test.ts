/** Every public method in every state of a sink: open, ending (a client is not through yet), closed. */
import { describe, expect, it } from 'vitest';
import { type Client, FdSource, MultiFdSink } from '../../lib/index.js';
import { type Pair, tcpPair } from './support.js';

type State = 'open' | 'ending' | 'closed';

interface Scene {
  sink: MultiFdSink;
  /** A client that does not read: in the sink, unless that is closed. */
  client: Client;
  /** Another receiver, not added yet. */
  spare: Pair;
}

/** What a call returns, or resolves with; a RegExp: the message of the error that it throws. */
type Outcome = unknown;

const closed = (operation: string): [ending: RegExp, closed: RegExp] => [
  new RegExp(`^${operation}: the sink is ending$`),
  new RegExp(`^${operation}: the sink is closed$`),
];

/** In the columns for ending and closed. */
const SAME = Symbol('as when open');

const methods: [
  name: string,
  call: (scene: Scene) => unknown,
  open: Outcome,
  ending: Outcome,
  done: Outcome,
][] = [
  ['push', ({ sink }) => sink.push('x'), true, ...closed('push')],
  ['add', ({ sink, spare }) => sink.add(spare.near).id, 2, ...closed('add')],
  [
    'attach of a source',
    ({ sink, spare }) => {
      new FdSource(sink).attach(spare.near);
    },
    undefined,
    closed('attach')[0],
    /^the sink is closed$/,
  ],
  [
    'write to writable()',
    ({ sink }) =>
      new Promise<void>((resolve, reject) => {
        const stream = sink.writable();
        // A stream whose write failed emits the error too.
        stream.on('error', reject);
        stream.write('x', (error) => (error ? reject(error) : resolve()));
      }),
    undefined,
    ...closed('push'),
  ],
  [
    'setStreamState',
    ({ sink }) => sink.setStreamState({ headers: [Buffer.from('h')] }),
    undefined,
    ...closed('setStreamState'),
  ],
  ['remove', ({ sink, client }) => sink.remove(client), undefined, SAME, SAME],
  ['remove with flush', ({ sink, client }) => sink.remove(client, { flush: true }), undefined, SAME, SAME],
  ['remove of nobody', ({ sink }) => sink.remove({} as never), /^remove: not a client: \{\}$/, SAME, SAME],
  [
    'remove with a misspelt option',
    ({ sink, client }) => sink.remove(client, { flash: true } as never),
    /^remove options has no option "flash"/,
    SAME,
    SAME,
  ],
  [
    'remove with a flush that is no boolean',
    ({ sink, client }) => sink.remove(client, { flush: 1 } as never),
    /^flush must be true or false, not 1/,
    SAME,
    SAME,
  ],
  ['setDeadline', ({ sink, client }) => sink.setDeadline(client, Date.now() + 60_000), undefined, SAME, SAME],
  ['setDeadline lifted', ({ sink, client }) => sink.setDeadline(client, undefined), undefined, SAME, SAME],
  [
    'setDeadline of nobody',
    ({ sink }) => sink.setDeadline({} as never, undefined),
    /^setDeadline: not a client: \{\}$/,
    SAME,
    SAME,
  ],
  [
    'setDeadline to a duration',
    ({ sink, client }) => sink.setDeadline(client, 60_000),
    /^deadline must be a point in time in ms since the epoch, as Date.now\(\) is, not 60000$/,
    SAME,
    SAME,
  ],
  ['clear', ({ sink }) => sink.clear(), undefined, SAME, SAME],
  [
    'setLimits',
    ({ sink }) => sink.setLimits({ hardLimit: { frames: 9 } }),
    undefined,
    SAME,
    closed('setLimits')[1],
  ],
  ['clients', ({ sink }) => [...sink.clients()].length, 1, SAME, 0],
  ['size', ({ sink }) => sink.size, 1, SAME, 0],
  [
    'stats',
    ({ sink }) => [sink.stats.clients, sink.stats.bytesToServe],
    [1, 8_000_000],
    SAME,
    [0, 8_000_000],
  ],
  [
    'clientStats',
    async ({ sink, client }) => (await sink.clientStats(client)).framesDropped,
    0,
    SAME,
    /^clientStats: client 1 has left$/,
  ],
  [
    'clientStats of nobody',
    ({ sink }) => sink.clientStats({} as never),
    /^clientStats: not a client/,
    SAME,
    SAME,
  ],
  ['streamState', ({ sink }) => sink.streamState, {}, SAME, SAME],
  [
    'dump',
    async ({ sink }) => (await sink.dump()).split('\n')[0]?.replace(/^sink \d+/, 'sink'),
    'sink: open, 1 clients, 0 of them on their way',
    'sink: ending, 1 clients, 0 of them on their way',
    'sink: closed, 0 clients, 0 of them on their way',
  ],
  ['ref', ({ sink }) => sink.ref() === sink, true, SAME, SAME],
  ['unref', ({ sink }) => sink.unref() === sink, true, SAME, SAME],
  ['end', ({ sink, client }) => settles(sink.end(), sink, client), undefined, SAME, SAME],
  ['close', ({ sink }) => sink.close(), undefined, SAME, SAME],
  ['dispose', ({ sink }) => sink[Symbol.asyncDispose](), undefined, SAME, SAME],
];

/** end() waits for the client that does not read: without it it resolves. */
async function settles(end: Promise<void>, sink: MultiFdSink, client: Client): Promise<void> {
  sink.remove(client);
  await end;
}

async function scene(state: State): Promise<Scene> {
  const sink = new MultiFdSink({ hardLimit: { frames: 10 }, closeTimeout: 1 });
  const [pair, spare] = await Promise.all([tcpPair(), tcpPair()]);
  const client = sink.add(pair.near);
  sink.push(Buffer.alloc(8_000_000));
  if (state === 'ending') void sink.end();
  if (state === 'closed') await sink.close();
  return { sink, client, spare };
}

describe.each(['open', 'ending', 'closed'] as const)('a sink that is %s', (state) => {
  const at = { open: 2, ending: 3, closed: 4 }[state];
  const rows = methods.map((row) => [row[0], row[1], row[at] === SAME ? row[2] : row[at]] as const);

  it.each(rows)('%s', async (_name, call, expected) => {
    const set = await scene(state);
    let outcome: unknown;
    try {
      outcome = await call(set);
    } catch (error) {
      outcome = error;
    }
    if (expected instanceof RegExp) {
      expect(outcome).toBeInstanceOf(Error);
      expect((outcome as Error).message).toMatch(expected);
      const ours = /the sink is/.test((outcome as Error).message);
      const gone = /has left/.test((outcome as Error).message) ? 'ERR_FLUMEN_GONE' : undefined;
      expect((outcome as { code?: string }).code).toBe(ours ? 'ERR_FLUMEN_CLOSED' : gone);
    } else {
      expect(outcome).toEqual(expected);
    }
    set.spare.far.destroy();
    await set.sink.close();
    expect(set.sink.size).toBe(0);
    expect([...set.sink.clients()]).toEqual([]);
  });

  it('reports every client that it accepted exactly once', async () => {
    const set = await scene(state);
    expect(set.sink.stats.clientsAdded).toBe(1);
    const reasons: string[] = [];
    set.sink.on('client-removed', ({ reason, stats }) => {
      reasons.push(reason);
      expect(stats.framesDropped).toBe(0);
    });
    set.sink.remove(set.client);
    set.sink.remove(set.client, { flush: true });
    set.sink.clear();
    await set.sink.close();
    expect(reasons).toEqual(state === 'closed' ? [] : ['removed']);
    expect(set.sink.stats.clientsRemoved).toBe(1);
    set.spare.near.destroy();
    set.spare.far.destroy();
  });
});
