// What somebody writes first, as an ES module: one client of an http server, served natively.
import { once } from 'node:events';
import http from 'node:http';
import { MultiSocketSink } from 'flumen';

const sink = new MultiSocketSink();
const server = http.createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  sink.add(response);
  sink.push('one live source');
  void sink.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const [response] = await once(http.get({ port: server.address().port, host: '127.0.0.1' }), 'response');
let text = '';
for await (const part of response.setEncoding('utf8')) text += part;
server.close();
console.log(`${response.statusCode} ${response.headers['content-type']}: ${text}`);
