// The soak's server, in a process of its own: a FlumenServer whose mounts are fed by uploads, and beside it what an application
// does: a plain http server that hands its responses to a sink and pushes from JavaScript. Driven over the IPC channel.
//   node --expose-gc bench/soak/server.mjs   (its parent sends { question, … } and gets one answer each)
import { createServer as createHttpServer } from 'node:http';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { createServer, diagnostics, MultiSocketSink } from '../../dist/index.js';
import { headerUnit, UnitWriter, unitRate } from './stream.mjs';

const flushInterval = 200;
const burstMs = 2_000;
const removed = {};
const warnings = {};
const add = (counts, what) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

const server = createServer({
  sourcePassword: process.env.FLUMEN_SOURCE_PASSWORD,
  burst: burstMs,
  flushInterval,
});
server.on('listener-removed', (_, { reason }) => add(removed, reason));
server.on('warning', (error) => add(warnings, error.code ?? error.message));
server.on(
  'source-gone',
  (_, error) => error !== undefined && add(warnings, `source ${error.code ?? error.message}`),
);

const appSink = new MultiSocketSink({
  syncMethod: 'burst-keyframe',
  burstMin: { ms: burstMs },
  flushInterval,
  softLimit: { ms: 20_000 },
  recoverPolicy: 'keyframe',
  stallTimeout: 10_000,
});
appSink.on('client-removed', ({ reason }) => add(removed, reason));
const app = createHttpServer((_, response) => {
  response.writeHead(200, { 'Content-Type': 'audio/mpeg' });
  try {
    appSink.add(response);
  } catch (error) {
    add(warnings, `add ${error.code ?? error.message}`);
    response.destroy();
  }
});

let appRun = 1;
let appUnits = new UnitWriter(appRun);
let appPushed = 0;
const appBegun = performance.now();
const appTimer = setInterval(() => {
  const due = ((performance.now() - appBegun) / 1000) * unitRate;
  for (; appPushed < due; appPushed++) appSink.push(appUnits.next());
}, 1000 / unitRate);

/** All sinks there are, the application's last. */
const sinks = () => [...[...server.mounts.values()].map((mount) => mount.sink), appSink];
const any = (list) => list[Math.floor(Math.random() * list.length)];

let headerChanges = 0;

/** What is left when nothing that can be freed is kept: several turns, so that finalizers have run. */
async function sample({ turns = 1 }) {
  for (let turn = 0; turn < turns; turn++) {
    globalThis.gc();
    await setTimeout(turns > 1 ? 50 : 0);
  }
  const heap = getHeapStatistics();
  const handles = {};
  for (const what of process.getActiveResourcesInfo()) add(handles, what);
  return {
    ...diagnostics(),
    heap: heap.used_heap_size,
    external: heap.external_memory,
    handles,
    listeners: sinks().reduce((sum, sink) => sum + sink.size, 0),
  };
}

const answers = {
  sample,
  totals: () => ({ removed, warnings, headerChanges, appRuns: appRun }),
  /** Limits of one sink change under its clients. */
  limits: () => {
    const hardLimit = { bytes: any([1, 2, 4]) * 2 ** 20 };
    const recoverPolicy = any(['none', 'keyframe', 'latest', 'soft-limit']);
    any(sinks()).setLimits({ softLimit: { bytes: any([400, 600, 800]) * 1024 }, hardLimit, recoverPolicy });
    return {};
  },
  headers: () => {
    any(sinks()).setStreamState({ headers: [headerUnit(++headerChanges)] });
    return {};
  },
  /** The application's stream begins anew. */
  appRestart: () => {
    appUnits = new UnitWriter(++appRun);
    return {};
  },
  /** A mount goes and takes its listeners with it; its source makes it anew. */
  reload: async ({ path }) => {
    await server.mounts.get(path)?.end();
    return {};
  },
  /** Everything ends. What is left after it is told, and the process has no reason to stay. */
  close: async () => {
    clearInterval(appTimer);
    app.close();
    await Promise.all([server.close(), appSink.close()]);
    app.closeAllConnections();
    return await sample({ turns: 5 });
  },
};

process.once('disconnect', process.exit);
process.on('message', async ({ question, ...rest }) => {
  process.send({ answer: await answers[question](rest) });
  // From here on it has to end by itself.
  if (question === 'close') process.off('disconnect', process.exit).disconnect();
});
const { port } = await server.listen({ port: 0 });
await new Promise((resolve) => app.listen({ host: '127.0.0.1', port: 0, backlog: 8192 }, resolve));
process.send({ answer: { port, appPort: app.address().port } });
