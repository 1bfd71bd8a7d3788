// node bench/joins.mjs [--clients 30] [--only MP3,…]: flumen beside Icecast, format by format. Both are sent the same
// stream at the same time, Icecast under its right type, flumen under the one that ffmpeg gives everything (audio/mpeg);
// clients join at random moments. For each format:
// how many of them a decoder plays without a word, how many begin with a sync point, when the first byte came, and how
// many seconds of the stream they were given at once. Prints a table in Markdown.
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createServer } from '../dist/index.js';
import { machine } from './lib/machine.mjs';
import { beginsWithKeyFrame, complaints, makeSample, SAMPLES } from './lib/samples.mjs';
import { startIcecast } from './rivals/icecast.mjs';

const PASSWORD = 'sesame';
const AUTH = `Basic ${Buffer.from(`source:${PASSWORD}`).toString('base64')}`;
/** Seconds of the stream that are sent at once, then at its own pace while clients join. */
const OLD = 8;
const LIVE = 7;
const STEP_MS = 50;
/** What comes so soon behind the first byte is a burst. */
const BURST_MS = 300;

async function startIcecastServer() {
  const { port, stop } = await startIcecast({ password: PASSWORD });
  return { port, stop, typeOf: ({ type }) => type };
}

async function startFlumen() {
  const server = createServer({ sourcePassword: PASSWORD, sourceGrace: 0 });
  const { port } = await server.listen({ port: 0 });
  return { port, stop: () => server.close(), typeOf: () => 'audio/mpeg' };
}

async function source(port, path, type) {
  const socket = net.connect(port, '127.0.0.1').on('error', () => {});
  const lines = [`PUT ${path} HTTP/1.1`, 'Host: x', `Authorization: ${AUTH}`, `Content-Type: ${type}`];
  socket.write(`${lines.join('\r\n')}\r\nExpect: 100-continue\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}

/** A client that keeps what it gets, and when. */
function joiner(port, path) {
  const began = performance.now();
  const socket = net.connect(port, '127.0.0.1').on('error', () => {});
  socket.write(`GET ${path} HTTP/1.0\r\nHost: x\r\n\r\n`);
  const heard = [];
  let head = Buffer.alloc(0);
  let body = false;
  socket.on('data', (data) => {
    if (!body) {
      head = Buffer.concat([head, data]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      body = true;
      data = head.subarray(end + 4);
    }
    if (data.length > 0) heard.push({ at: performance.now() - began, data });
  });
  const ended = once(socket, 'close').then(() => {
    const first = heard[0]?.at ?? Number.NaN;
    const soon = heard
      .filter(({ at }) => at <= first + BURST_MS)
      .reduce((sum, { data }) => sum + data.length, 0);
    return { first, soon, bytes: Buffer.concat(heard.map(({ data }) => data)) };
  });
  return { ended, leave: () => socket.end() };
}

function beginsWithSyncPoint(sample, bytes) {
  if (sample.video) return beginsWithKeyFrame(bytes);
  if (sample.format === 'mp3' || sample.format === 'aac') return bytes[0] === 0xff && bytes[1] >= 0xe0;
  return complaints(bytes) === '';
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function judge(sample, results, rate, expected) {
  // What ffmpeg says of the whole stream (of the end of its own multipart) it may say of a part.
  const playing = results.filter(
    ({ bytes }) => bytes.length > 0 && ['', expected].includes(complaints(bytes)),
  );
  const synced = results.filter(({ bytes }) => bytes.length > 0 && beginsWithSyncPoint(sample, bytes)).length;
  return {
    plays: playing.length,
    synced,
    first: median(results.map(({ first }) => first).filter((value) => !Number.isNaN(value))),
    slowest: Math.max(...results.map(({ first }) => first).filter((value) => !Number.isNaN(value))),
    burst: median(results.map(({ soon }) => soon / rate - BURST_MS / 1000)),
  };
}

async function compare(sample, servers, clients) {
  const bytes = makeSample(sample, OLD + LIVE);
  const rate = bytes.length / (OLD + LIVE);
  const path = `/${sample.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.${sample.suffix}`;
  const sources = await Promise.all(servers.map(({ port, typeOf }) => source(port, path, typeOf(sample))));
  let sent = Math.round(rate * OLD);
  for (const socket of sources) socket.write(bytes.subarray(0, sent));
  await pause(500);
  const joined = servers.map(() => []);
  const steps = Math.floor((LIVE * 1000) / STEP_MS);
  const moments = Array.from({ length: clients }, () =>
    Math.floor(Math.random() * (steps - 1_000 / STEP_MS)),
  );
  for (let step = 0; step < steps; step++) {
    const next = Math.min(bytes.length, sent + Math.ceil((rate * STEP_MS) / 1000));
    for (const socket of sources) socket.write(bytes.subarray(sent, next));
    sent = next;
    for (const _ of moments.filter((moment) => moment === step)) {
      servers.forEach(({ port }, i) => {
        joined[i].push(joiner(port, path));
      });
    }
    await pause(STEP_MS);
  }
  for (const socket of sources) socket.end(bytes.subarray(sent));
  const expected = complaints(bytes);
  const all = await Promise.all(joined.map((some) => Promise.all(some.map(({ ended }) => ended))));
  return all.map((results) => judge(sample, results, rate, expected));
}

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '30' }, only: { type: 'string' } },
});
const clients = Number(values.clients);
const only = values.only?.split(',');
const servers = [await startFlumen(), await startIcecastServer()];
console.log(`${JSON.stringify(machine())}\n`);
console.log('| format | plays | first frame a sync point | first byte, ms: median (most) | burst, s |');
console.log('|---|---|---|---|---|');
const cell = (a, b, show) => `${show(a)} / ${show(b)}`;
for (const sample of SAMPLES.filter(({ name }) => only === undefined || only.includes(name))) {
  const [ours, theirs] = await compare(sample, servers, clients);
  const cells = [
    cell(ours, theirs, ({ plays }) => `${plays}`),
    cell(ours, theirs, ({ synced }) => `${synced}`),
    cell(ours, theirs, ({ first, slowest }) => `${first.toFixed(1)} (${slowest.toFixed(1)})`),
    cell(ours, theirs, ({ burst }) => burst.toFixed(1)),
  ];
  console.log(`| ${sample.name} | ${cells.join(' | ')} |`);
}
await Promise.all(servers.map(({ stop }) => stop()));
