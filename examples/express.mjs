// A live stream from an Express 4 or 5 route.   npm install express   node examples/express.mjs 8000
import express from 'express';
import { MultiSocketSink } from 'flumen';

const sink = new MultiSocketSink();
setInterval(() => sink.push(`${new Date().toISOString()}\n`), 250);

const app = express();
app.use((_req, res, next) => {
  res.set('Access-Control-Allow-Origin', '*');
  next();
});
// Express would send HEAD to the GET route; a response without a body cannot be taken over.
app.head('/live', (_req, res) => res.type('text/plain').end());
app.get('/live', (req, res) => {
  sink.add(res.type('text/plain'), { tag: req.ip });
});
app.get('/stats', (_req, res) => res.json(sink.stats));

const server = app.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/live`);
});
