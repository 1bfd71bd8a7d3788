// The storm: 10,000 listeners dial at once. flumen twice, cold and warm; Icecast as its users must do it (one after the other at a pace, for
// its backlog is five), and all at once for a minute, to show why.
import { randomBytes } from 'node:crypto';
import { startLoad, startUploader, stopChild } from '../lib/programs.mjs';
import { icecastMissing, startIcecast } from '../rivals/icecast.mjs';
import { runStorm } from '../storm.mjs';

const path = '/bench.mp3';
/** Dials a second. */
const paces = [100, 300];

async function stormIcecast(clients, pace, timeout) {
  const password = randomBytes(9).toString('hex');
  const server = await startIcecast({ password });
  const children = [];
  try {
    const uploader = await startUploader({ port: server.port, path, auth: `source:${password}` });
    children.push(uploader.child);
    await uploader.peer.ask('run 1');
    uploader.peer.tell('forever');
    const load = startLoad({ port: server.port, clients, sample: 1000, get: path, pace, timeout });
    children.push(load.child);
    return await load.peer.ask('dial');
  } finally {
    for (const child of children.reverse()) await stopChild(child);
    await server.stop();
  }
}

const rowOf = (contender, s) => {
  return {
    contender,
    answered: s.answered,
    allMs: s.answered === s.dialled ? s.allMs : null,
    p50Ms: s.firstByte.p50Us / 1000,
    p99Ms: s.firstByte.p99Us / 1000,
    maxMs: s.firstByte.maxUs / 1000,
    wrong: [],
  };
};

export async function storm(o, say) {
  const clients = o.clients?.at(-1) ?? 10_000;
  const ours = await runStorm({ clients });
  const rows = ours.storms.map((s) => rowOf(`flumen, ${s.name}`, s));
  const absent = [];
  const checks = [...ours.checks];
  const why = icecastMissing();
  if (why === undefined) {
    say('Icecast, everybody at once, for a minute');
    rows.push(rowOf('icecast, at once (stopped after 60 s)', await stormIcecast(clients, undefined, 60)));
    const paced = [];
    for (const pace of paces) {
      say(`Icecast, ${pace} a second`);
      const ramp = await stormIcecast(clients, pace, 300);
      rows.push(rowOf(`icecast, ${pace} a second`, ramp));
      paced.push(ramp.allMs);
    }
    const slowest = Math.max(...ours.storms.map((s) => s.allMs));
    checks.push({
      what: 'time until the last is answered, flumen’s slower storm / Icecast’s faster ramp',
      value: slowest / Math.min(...paced),
      limit: 1 / 5,
    });
  } else absent.push({ contender: 'icecast', why });
  return { sessions: [{ options: { clients }, rows, absent, checks }] };
}
