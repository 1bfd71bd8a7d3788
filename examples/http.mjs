// A live stream from node:http.   node examples/http.mjs 8000   then   curl http://127.0.0.1:8000/
import http from 'node:http';
import { MultiSocketSink } from 'flumen';

const sink = new MultiSocketSink();
setInterval(() => sink.push(`${new Date().toISOString()}\n`), 250);
sink.on('client-removed', ({ client, reason, stats }) => {
  console.log(`${client.tag} left: ${reason}, ${stats.bytesSent} bytes`);
});

const server = http.createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain');
  res.setHeader('Access-Control-Allow-Origin', '*');
  // The answer to HEAD has no body, so there is nothing to stream.
  if (req.method === 'HEAD') return res.end();
  sink.add(res, { tag: req.socket.remoteAddress });
});
server.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
