// Server-sent events for any number of browsers.   node examples/sse.mjs 8000   then open http://127.0.0.1:8000/
import http from 'node:http';
import os from 'node:os';
import { MultiSocketSink } from 'flumen';

const sink = new MultiSocketSink({
  // A newcomer gets the last ten events at once.
  syncMethod: 'burst',
  burstMin: { frames: 10 },
  // Who is behind by more than a thousand loses the oldest of them, whole, and stays.
  softLimit: { frames: 1000 },
  recoverPolicy: 'soft-limit',
});

let id = 0;
function publish(event, data) {
  id += 1;
  sink.push(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
setInterval(() => publish('load', os.loadavg()), 500);
// A comment now and then: proxies close what is silent for a minute.
setInterval(() => sink.push(':\n\n'), 15_000);

const page = `<!doctype html><title>Load</title><pre></pre><script>
  const events = new EventSource('/events');
  events.addEventListener('load', ({ lastEventId, data }) => {
    document.querySelector('pre').append(lastEventId + ' ' + data + '\\n');
  });
</script>`;

const server = http.createServer((req, res) => {
  if (req.method !== 'GET') return res.writeHead(405).end();
  if (req.url !== '/events') return res.setHeader('Content-Type', 'text/html').end(page);
  res.setHeader('Content-Type', 'text/event-stream');
  res.setHeader('Cache-Control', 'no-cache');
  res.setHeader('X-Accel-Buffering', 'no'); // nginx would collect events
  sink.add(res);
});
server.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
