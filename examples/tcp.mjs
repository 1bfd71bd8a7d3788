// A live stream to plain TCP clients.   node examples/tcp.mjs 8000   then   nc 127.0.0.1 8000
import net from 'node:net';
import { MultiSocketSink } from 'flumen';

const sink = new MultiSocketSink();
setInterval(() => sink.push(`${new Date().toISOString()}\n`), 250);

const server = net.createServer((socket) => {
  // The greeting goes out before the first byte of the stream.
  socket.write('welcome\n');
  sink.add(socket, { tag: socket.remotePort });
});
server.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
