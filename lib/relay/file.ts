/** Opens the files of a relay. A FIFO lets nobody open one end before somebody has opened the other: that can be called off. */
import { closeSync, constants, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** As open(2); when the signal aborts while a FIFO keeps it waiting, it rejects with the signal's reason. */
export async function openFile(path: string, flags: 'r' | 'w', signal: AbortSignal): Promise<FileHandle> {
  const release = (): void => releaseFifo(path);
  signal.addEventListener('abort', release, { once: true });
  try {
    const file = await open(path, flags);
    if (signal.aborted) await file.close();
    signal.throwIfAborted();
    return file;
  } finally {
    signal.removeEventListener('abort', release);
  }
}

/** The thread that waits in open(2) would keep the process from ending. Both ends at once never wait. */
function releaseFifo(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  } catch {
    // It is gone, or not ours to open: then nobody waits in it either.
  }
}
