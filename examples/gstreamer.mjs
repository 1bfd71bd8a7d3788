// From one GStreamer pipeline to many, and to browsers.   node examples/gstreamer.mjs 5000 5001 8000
//   gst-launch-1.0 videotestsrc is-live=true ! vp8enc deadline=1 keyframe-max-dist=30 ! webmmux streamable=true \
//     ! gdppay ! tcpclientsink host=127.0.0.1 port=5000
//   gst-launch-1.0 tcpclientsrc host=127.0.0.1 port=5001 ! gdpdepay ! matroskademux ! vp8dec ! autovideosink
// and http://127.0.0.1:8000/ in a browser.
import http from 'node:http';
import { MultiSocketSink, TcpServerSink, TcpServerSource } from 'flumen';

const [from = 5000, to = 5001, web = 8000] = process.argv.slice(2).map(Number);
const host = '127.0.0.1';

const sink = new MultiSocketSink({ syncMethod: 'latest-keyframe' });

// One pipeline after the other may send; the receivers stay meanwhile.
const source = new TcpServerSource(sink, { host, port: from, format: 'gdp' });
source.on('connect', () => console.log('a pipeline sends'));
source.on('disconnect', ({ reason }) => console.log(`it has gone: ${reason}`));

// Pipelines get GDP, with caps, timestamps and flags; browsers the bytes of the same frames, headers first.
const pipelines = new TcpServerSink({ host, port: to, sink, add: { payload: 'gdp' } });
const server = http.createServer((req, res) => {
  if (req.method !== 'GET') return res.writeHead(405).end();
  res.setHeader('Content-Type', 'video/webm');
  sink.add(res);
});

await source.listen();
await pipelines.listen();
server.listen(web, host, () => {
  const ports = [source.address(), pipelines.address(), server.address()].map((address) => address.port);
  console.log(`listening on ${host}:${ports.join(', ')}`);
});
