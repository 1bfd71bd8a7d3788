/** The file of a unix socket outlives a process that was killed: it is in the way of the next one. */
import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';

/**
 * Removes the socket at `path` when nobody listens there. Rejects with EADDRINUSE when somebody does, or when it is no
 * socket: then it is somebody's file.
 */
export async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw inUse(path, 'there is a file of that name, and it is no socket');
  if (await answers(path)) throw inUse(path, 'another program listens on this socket');
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = net.connect({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: somebody listens, with a full backlog.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function inUse(path: string, why: string): Error {
  const error = new Error(`listen EADDRINUSE: ${path}: ${why}`);
  return Object.assign(error, { code: 'EADDRINUSE', errno: -98, syscall: 'listen', address: path });
}
