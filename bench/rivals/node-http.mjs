// What is written in Node without a library: one http server, `response.write` for each listener. Two ways:
//   write  a write for each frame and listener
//   cork   as node-media-server's version 2 does it: listeners are corked, and uncorked after ten frames
// As a program: node bench/rivals/node-http.mjs write|cork; prints its port.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../lib/programs.mjs';

const file = fileURLToPath(import.meta.url);
const packetsPerUncork = 10;

export async function startNodeHttp({ way }) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  const child = startChild(process.execPath, [file, way], { stdio });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, port: Number(line), stop: () => stopChild(child) };
}

function serve(way) {
  const listeners = new Set();
  let corked = 0;
  const write = (frame) => {
    for (const response of listeners) response.write(frame);
  };
  const cork = (frame) => {
    for (const response of listeners) {
      if (corked === 0) response.cork();
      response.write(frame);
    }
    corked++;
    if (corked < packetsPerUncork) return;
    corked = 0;
    for (const response of listeners) response.uncork();
  };
  const broadcast = way === 'cork' ? cork : write;
  const server = createServer({ requestTimeout: 0, noDelay: true });
  server.on('checkContinue', (request, response) => {
    response.writeContinue();
    request.on('data', broadcast);
  });
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'content-type': 'audio/mpeg' });
    response.flushHeaders();
    if (corked > 0) response.cork();
    listeners.add(response);
    response.on('close', () => listeners.delete(response)).on('error', () => {});
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(server.address().port));
}

if (process.argv[1] === file) serve(process.argv[2]);
