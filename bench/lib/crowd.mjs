// A server with an encoder and N listeners, all processes of their own, that sleeps (SIGSTOP) while others have their turn.
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { cpuNow, cpuSince } from './cpu.mjs';
import { rssBytes } from './machine.mjs';
import { startLoad, startUploader, stopChild } from './programs.mjs';
import { webmBlockMax } from './webm.mjs';

/** After the last frame: what has been collected goes out. Longer than the longest flush interval. */
const settleMs = 800;

/**
 * Starts `start({ password })` and connects everybody. `o`: clients, rate, size, container (mp3, webm), gop, pace (dials a second),
 * sample (every n-th is checked byte by byte), mayFallBehind, `stops`: whether it may be stopped between its turns (a source that falls silent
 * for long is cut off by some).
 */
export async function openCrowd(name, start, o) {
  const password = randomBytes(9).toString('hex');
  const server = await start({ password });
  const children = [];
  const close = async () => {
    for (const child of children.reverse()) await stopChild(child);
    await server.stop();
  };
  try {
    const path = o.container === 'webm' ? '/bench.webm' : '/bench.mp3';
    const { rate, size, container, gop } = o;
    const encoder = {
      port: server.port,
      path,
      auth: `source:${password}`,
      rate,
      size,
      container,
      gop,
      chunked: o.chunked,
    };
    const uploader = await startUploader(encoder);
    children.push(uploader.child);
    await uploader.peer.ask('run 1.4'); // what a server waits for before it takes listeners; ends within a group of pictures
    const rssEmpty = await rssOf(server);
    const webm = container === 'webm' ? { between: webmBlockMax, gop } : {};
    const load = startLoad({
      port: server.port,
      clients: o.clients,
      sample: o.sample ?? Math.max(1, Math.floor(o.clients / 200)),
      get: path,
      window: 500,
      pace: o.pace,
      timeout: 300,
      ...webm,
    });
    children.push(load.child);
    const dialled = await load.peer.ask('dial');
    if (dialled.open !== o.clients)
      throw new Error(`${name}: only ${dialled.open} of ${o.clients} got in: ${JSON.stringify(dialled)}`);
    const crowd = { name, server, load, uploader, children, close, rssEmpty, dialled, options: o };
    sleep(crowd);
    return crowd;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resident bytes; of JavaScript once its garbage is gone. */
async function rssOf({ child, ask }) {
  return (await ask?.('memory'))?.rss ?? rssBytes(child.pid);
}

function signal(crowd, name) {
  if (crowd.options.stops) crowd.server.child.kill(name);
}
export const sleep = (crowd) => signal(crowd, 'SIGSTOP');
export const wake = (crowd) => signal(crowd, 'SIGCONT');

/** What is wrong with what the listeners got of `frames` frames. A server may hold back up to `slack` bytes until more comes. */
function verdict({ options: o }, frames, seen) {
  const wrong = [];
  const bytes = frames * o.size;
  const slack = 8192 + (o.container === 'webm' ? bytes / 50 + o.size : 0);
  if (seen.reading !== o.clients) wrong.push(`${o.clients - seen.reading} listeners gone`);
  if (seen.bad > 0) wrong.push(`${seen.bad} bad frames`);
  if (seen.gaps > 0) wrong.push(`${seen.gaps} gaps`);
  // A rival that falls behind, or catches up, is not wrong: the share it has delivered says so. Chunks have heads of their own.
  if (!o.mayFallBehind && (seen.bytesMin < bytes - slack || seen.bytesMax > bytes * 1.05 + slack))
    wrong.push(`${seen.bytesMin}..${seen.bytesMax} bytes a listener instead of ${bytes}`);
  return wrong;
}

/** One turn: streams for so many seconds and tells what it cost the server's process, all threads, and what arrived. */
export async function takeTurn(crowd, seconds) {
  wake(crowd);
  // What a server has held back since its last turn, or owes for a burst, is not this turn's.
  await crowd.uploader.peer.ask('run 0.5');
  await setTimeout(settleMs);
  await crowd.load.peer.ask('mark');
  const pid = crowd.server.child.pid;
  const cpu = cpuNow(pid);
  const begun = performance.now();
  const sent = await crowd.uploader.peer.ask(`run ${seconds}`);
  await setTimeout(settleMs);
  const used = cpuSince(cpu, pid);
  const wallNs = (performance.now() - begun - settleMs) * 1e6;
  const seen = await crowd.load.peer.ask('report');
  const rss = await rssOf(crowd.server);
  sleep(crowd);
  return {
    contender: crowd.name,
    cpuNs: used.cpuNs,
    mainNs: used.mainNs,
    wallNs,
    bytes: seen.bytes,
    delivered: seen.bytes / (crowd.options.size * crowd.options.clients * sent.planned),
    sends: seen.segments,
    latency: seen.latency,
    keyStarts: seen.keyStarts,
    sampled: seen.sampled,
    rss,
    wrong: verdict(crowd, sent.frames, seen),
  };
}
