// Standard input to standard output and to every TCP client, without JavaScript on the way.
//   some-encoder | node examples/pipe.mjs 8000 > copy   then   nc 127.0.0.1 8000
import net from 'node:net';
import { FdSource, MultiFdSink } from 'flumen';

const sink = new MultiFdSink();
sink.add(1, { tag: 'standard output' });

const server = net.createServer((socket) => sink.add(socket));
server.listen(Number(process.argv[2] ?? 8000), '127.0.0.1', () => {
  // Standard output carries the stream.
  console.error(`listening on 127.0.0.1:${server.address().port}`);

  const source = new FdSource(sink);
  source.on('error', (error) => console.error(error.message));
  source.on('end', async () => {
    server.close();
    await sink.end();
  });
  source.attach(0);
});
