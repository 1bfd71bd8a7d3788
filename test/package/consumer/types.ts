// A consumer's program, compiled against the packed types under each way of resolving modules. It does not run.
import http from 'node:http';
import {
  type Amount,
  type Client,
  type ClientRemoved,
  configure,
  createServer,
  FdSource,
  GdpParser,
  MultiFdSink,
  MultiSocketSink,
  type SinkOptions,
  TcpServerSink,
} from 'flumen';

const burst: Amount = { bytes: 65_536 };
const options: SinkOptions = { syncMethod: 'burst', burstMin: burst, flushInterval: 200 };
configure({ loops: 1 });

const sink = new MultiSocketSink(options);
http.createServer((_request, response) => {
  const client: Client = sink.add(response, { tag: 'a listener' });
  sink.remove(client);
});
sink.on('client-removed', ({ client, reason, stats }: ClientRemoved) => {
  console.log(client.id, reason, stats.bytesSent.toFixed());
});
const more: boolean = sink.push(new Uint8Array(1));
new FdSource(new MultiFdSink()).on('error', (error) => console.log(error.message, more));
export const others = [createServer({ sourcePassword: 'x' }), new GdpParser(), TcpServerSink];
// @ts-expect-error: misuse must not pass, or the types say nothing
new MultiSocketSink({ flushInterval: 'soon' });
