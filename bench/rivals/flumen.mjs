// The real `flumen serve` in a process of its own, with the probe that answers questions about its inside.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startChild, stopChild } from '../lib/programs.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** `flush`: the flush interval in ms. `io`: FLUMEN_IO. */
export async function startFlumen({ password, flush = 200, io = 'auto' }) {
  const args = [
    ...['--expose-gc', '--import', file('../serve-probe.mjs'), file('../../bin/flumen.js'), 'serve'],
    ...['--listen', '127.0.0.1:0', '--flush-interval', String(flush)],
  ];
  const child = startChild(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, FLUMEN_SOURCE_PASSWORD: password, FLUMEN_IO: io },
  });
  let port = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    port = Number(/^listening on http:\/\/.*:(\d+)/.exec(line)?.[1] ?? 0);
    if (port > 0) break;
  }
  if (port === 0) throw new Error('flumen serve ended before it was listening');
  child.stdout.resume();
  const ask = async (question) => {
    child.send(question);
    return (await once(child, 'message'))[0];
  };
  return { child, port, ask, stop: () => stopChild(child) };
}
