// A live encoder for the bench: PUTs the bench's frames at their cadence, in a process of its own.
//   node bench/uploader.mjs PORT PATH USER:PASSWORD RATE SIZE
// Prints {"uploading":true} once the server has taken the request; ends when stdin ends.
import { once } from 'node:events';
import { connect } from 'node:net';
import { FrameWriter } from './lib/frame.mjs';
import { pace } from './lib/pace.mjs';

const [port, path, credentials, rate, size] = process.argv.slice(2);
const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
socket.on('error', (error) => {
  process.stderr.write(`uploader: ${error.message}\n`);
  process.exit(1);
});
await once(socket, 'connect');
// As encoders do it: no length, no chunks, the body lasts as long as the connection.
socket.write(
  `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n` +
    'User-Agent: flumen-bench\r\nContent-Type: audio/mpeg\r\n\r\n',
);
const [reply] = await once(socket, 'data');
const status = /^HTTP\/1\.[01] (\d+)/.exec(reply.toString('latin1'))?.[1];
if (status !== '200' && status !== '100') {
  process.stderr.write(`uploader: refused with ${reply.toString('latin1').split('\r\n')[0]}\n`);
  process.exit(1);
}
process.stdout.write('{"uploading":true}\n');
process.stdin.on('end', () => process.exit(0)).resume();
socket.on('close', () => process.exit(1));
const writer = new FrameWriter(1, Number(size));
await pace(Number.POSITIVE_INFINITY, Number(rate), () => socket.write(Buffer.from(writer.next())));
