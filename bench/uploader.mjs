// A live encoder for the bench: PUTs the bench's frames at their cadence, in a process of its own.
//   node bench/uploader.mjs --port P --path /x --auth USER:PASSWORD [--rate 38] [--size 417] [--container mp3|webm] [--gop 25] [--chunked]
// Prints {"uploading":true} once the server has taken the request. Commands: "run SECONDS" (answers how many frames it made),
// "forever", "quit". Between runs it sends a frame every few seconds, as a source that has not gone.
import { once } from 'node:events';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { FrameWriter } from './lib/frame.mjs';
import { serveLines } from './lib/lines.mjs';
import { pace } from './lib/pace.mjs';
import { webmBlock, webmHeader } from './lib/webm.mjs';

const text = (fallback) => ({ type: 'string', default: fallback });
const { values } = parseArgs({
  options: {
    port: text(''),
    path: text('/bench.mp3'),
    auth: text(''),
    rate: text('38'),
    size: text('417'),
    container: text('mp3'),
    gop: text('25'),
    chunked: { type: 'boolean', default: false }, // for servers that take no body without an end
  },
});
const [port, rate, size, gop] = [values.port, values.rate, values.size, values.gop].map(Number);
const webm = values.container === 'webm';
const pulseMs = 4000;

function fail(why) {
  process.stderr.write(`uploader: ${why}\n`);
  process.exit(1);
}

const socket = connect({ host: '127.0.0.1', port, noDelay: true });
socket.on('error', (error) => fail(error.message));
await once(socket, 'connect');
// As encoders do it: no length, no chunks, the body lasts as long as the connection.
const coding = values.chunked ? 'Transfer-Encoding: chunked\r\n' : '';
socket.write(
  `PUT ${values.path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Basic ${Buffer.from(values.auth).toString('base64')}\r\n` +
    `User-Agent: flumen-bench\r\nContent-Type: ${webm ? 'video/webm' : 'audio/mpeg'}\r\n${coding}Expect: 100-continue\r\n\r\n`,
);
const [reply] = await once(socket, 'data');
const status = /^HTTP\/1\.[01] (\d+)/.exec(reply.toString('latin1'))?.[1];
if (status !== '200' && status !== '100') fail(`refused with ${reply.toString('latin1').split('\r\n')[0]}`);
socket.resume();
socket.on('close', () => fail('the server has hung up'));

const writer = new FrameWriter(1, size);
function write(bytes) {
  if (!values.chunked) return socket.write(bytes);
  socket.write(`${bytes.length.toString(16)}\r\n`);
  socket.write(bytes);
  socket.write('\r\n');
}

if (webm) write(webmHeader());

function send() {
  socket.cork();
  if (webm) write(webmBlock(writer.seq, size, rate, gop));
  write(Buffer.from(writer.next()));
  socket.uncork();
}

let running = false;
setInterval(() => {
  if (!running) send();
}, pulseMs);

async function run(seconds) {
  running = true;
  const begun = performance.now();
  const planned = Math.floor(Number(seconds) * rate);
  const frames = await pace(planned, rate, send);
  running = false;
  return { frames, planned, wallNs: (performance.now() - begun) * 1e6 };
}

process.stdin.on('end', () => process.exit(0));
process.stdout.write('{"uploading":true}\n');
await serveLines({ run, forever: () => run(Number.POSITIVE_INFINITY), quit: () => null });
process.exit(0);
