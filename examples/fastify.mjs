// A live stream from a Fastify 5 route.   npm install fastify   node examples/fastify.mjs 8000
import Fastify from 'fastify';
import { MultiSocketSink } from 'flumen';

const sink = new MultiSocketSink();
setInterval(() => sink.push(`${new Date().toISOString()}\n`), 250);

// With exposeHeadRoutes Fastify would answer HEAD by the GET handler, whose reply is hijacked.
const app = Fastify({ exposeHeadRoutes: false });
app.get('/live', (request, reply) => {
  // From here on the reply is ours: Fastify sends nothing, its onResponse hooks still run.
  reply.hijack();
  // Headers set with reply.header() would stay in Fastify: set them on the raw response.
  reply.raw.setHeader('Content-Type', 'text/plain');
  sink.add(reply.raw, { tag: request.ip });
});
app.get('/stats', () => sink.stats);

await app.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 8000) });
console.log(`listening on http://127.0.0.1:${app.server.address().port}/live`);
