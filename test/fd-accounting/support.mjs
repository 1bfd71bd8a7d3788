// What the accounting programs share: clients in the same process, and the counts that must come back to where they were.
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { diagnostics } from '../../dist/index.js';

/** Open descriptors, without module files: Node loses those itself when a worker is terminated while it loads. */
function openFdCount() {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return !/\.m?js$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false; // the one that listed the directory
    }
  }).length;
}

/** Everything that a leak would show in: descriptors, the native side's live objects and Node's handles by kind. */
export function counts() {
  const { liveBlocks, liveClients, openFds } = diagnostics();
  const handles = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Timeout' && kind !== 'Immediate') handles[kind] = (handles[kind] ?? 0) + 1;
  }
  return { fds: openFdCount(), liveBlocks, liveClients, openFds, handles };
}

/** Lets closes that are under way happen until `same(counts())`, at most `ms`; returns the last counts. */
export async function settled(same, ms = 5000) {
  const deadline = performance.now() + ms;
  let now = counts();
  while (!same(now) && performance.now() < deadline) {
    await setTimeout(10);
    now = counts();
  }
  return now;
}

/** Nothing is connected or closing any more. Node lists a handle until the loop has closed it, a turn after 'close'. */
export const quiet = ({ liveClients, handles }) =>
  liveClients === 0 &&
  Object.keys(handles).every((kind) => !kind.startsWith('TCP') && kind !== 'MessagePort');

export const equal = (a) => (b) => JSON.stringify(a) === JSON.stringify(b);

/** A loopback server whose connections are given to `accepted`; `dial(n)` connects n clients and waits for both ends. */
export async function openServer(accepted) {
  const server = createServer(accepted);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const dial = async (n) => {
    const peers = Array.from({ length: n }, () => connect(port, '127.0.0.1').on('error', () => {}));
    await Promise.all(peers.map((peer) => once(peer, 'connect')));
    return peers;
  };
  const close = async () => {
    server.close();
    await once(server, 'close');
  };
  return { dial, close };
}

/** The program's verdict for the test: one JSON line. */
export function say(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
