// End points that run out of descriptors, started with a low `ulimit -n`: node emfile.mjs. One JSON line at the end.
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { MultiFdSink, TcpServerSink, TcpServerSource } from '../../dist/index.js';

const sink = new MultiFdSink();
const server = new TcpServerSink({ host: '127.0.0.1', port: 0, sink });
const source = new TcpServerSource(sink, { host: '127.0.0.1', port: 0 });
await Promise.all([server.listen(), source.listen()]);
const refusals = [];
server.on('refused', ({ error }) => refusals.push(error.code));

/** The peers live in the parent, which has descriptors enough: it is told what to do, and when. */
const ask = async (what) => {
  process.send(what);
  return (await once(process, 'message'))[0];
};

const seen = { ports: [server.address().port, source.address().port] };
await ask({ dial: 100, ports: seen.ports });
while (sink.size + refusals.length < 100) await setImmediate();
const full = { clients: sink.size, refused: refusals.length, codes: [...new Set(refusals)] };

// Not one descriptor is left: libuv accepts and closes, and nobody is told.
const hoard = [];
try {
  for (;;) hoard.push(openSync('/dev/null'));
} catch (error) {
  full.hoard = error.code;
}
await ask({ dialSource: 'lost' });
for (const fd of hoard.splice(0)) closeSync(fd);

// There is room again, and both go on.
await ask({ leave: 10 });
while (sink.size > full.clients - 10) await once(sink, 'client-removed');
const back = once(server, 'connect');
await ask({ dial: 1 });
await back;
const connected = once(source, 'connect');
await ask({ dialSource: 'found' });
await connected;
const received = await ask({ receive: 'found' });
process.stdout.write(`${JSON.stringify({ ...full, received })}\n`);
await Promise.all([source.close(), server.close()]);
sink.clear();
await sink.end();
process.disconnect();
