// The same in CommonJS, by `require`.
const http = require('node:http');
const { MultiSocketSink } = require('flumen');

const sink = new MultiSocketSink();
const server = http.createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  sink.add(response);
  sink.push('one live source');
  void sink.end();
});
server.listen(0, '127.0.0.1', () => {
  http.get({ port: server.address().port, host: '127.0.0.1' }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    response.on('end', () => {
      server.close();
      console.log(`${response.statusCode} ${response.headers['content-type']}: ${text}`);
    });
  });
});
