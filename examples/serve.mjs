// `flumen serve` as a part of your own program: listeners need a token, and their coming and going is counted.
//   node examples/serve.mjs 8000
//   ffmpeg -re -f lavfi -i sine -f mp3 icecast://source:sesame@127.0.0.1:8000/live.mp3
//   curl "http://127.0.0.1:8000/live.mp3?token=open" | ffplay -
import { createServer } from 'flumen';

const server = createServer({
  sourcePassword: process.env.FLUMEN_SOURCE_PASSWORD ?? 'sesame',
  // Asked once for each listener; it may be asynchronous and look into a database.
  authenticate: async ({ query }) => query.get('token') === 'open',
});
server.on('source-connected', (mount) =>
  console.log(`${mount.path} is on the air: ${mount.info.contentType}`),
);
server.on('source-gone', (mount, error) =>
  console.log(`${mount.path}: ${error?.message ?? 'the source has ended'}`),
);
server.on('listener-removed', (mount, { client, reason, stats }) => {
  console.log(`${client.tag.remoteAddress} left ${mount.path}: ${reason}, ${stats.bytesSent} bytes`);
});

const { address, port } = await server.listen({ port: Number(process.argv[2] ?? 8000) });
console.log(`listening on http://${address}:${port}`);
process.once('SIGINT', () => server.close());
