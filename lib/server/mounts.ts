/** The mounts of a server by path, and the counts that admission needs. */

import type { MountStatus } from '../http/status.js';
import type { StreamInfo } from '../ingest/upload.js';
import { Mount, type MountObserver, type MountOptions } from './mount.js';

export class Mounts {
  readonly #byPath = new Map<string, Mount>();
  readonly #ending = new Set<Promise<void>>();
  readonly #options: MountOptions;
  readonly #observer: MountObserver;
  #listeners = 0;
  #sources = 0;

  /** @param observer is told everything that happens to any mount */
  constructor(options: MountOptions, observer: MountObserver) {
    this.#options = options;
    this.#observer = this.#counting(observer);
  }

  get byPath(): ReadonlyMap<string, Mount> {
    return this.#byPath;
  }

  /** Descriptors that clients of the mounts use. */
  get descriptors(): number {
    return this.#listeners + this.#sources;
  }

  get(path: string): Mount | undefined {
    return this.#byPath.get(path);
  }

  /** The mount at this path, made when there is none. The caller publishes on it at once. */
  open(path: string, info: StreamInfo): Mount {
    const found = this.#byPath.get(path);
    if (found !== undefined) return found;
    // The path is a slice of a whole request head, which the mount would keep alive.
    const own = Buffer.from(path, 'utf8').toString('utf8');
    const mount = new Mount(own, info, this.#options, this.#observer);
    this.#byPath.set(own, mount);
    return mount;
  }

  *statuses(): IterableIterator<MountStatus> {
    for (const mount of this.#byPath.values()) yield mount.status;
  }

  /** Ends all mounts and waits for them and for those that were ending already. */
  async end(): Promise<void> {
    for (const mount of [...this.#byPath.values()]) this.#ending.add(mount.end());
    await Promise.all(this.#ending);
  }

  #counting(observer: MountObserver): MountObserver {
    return {
      sourceConnected: (mount) => {
        this.#sources++;
        observer.sourceConnected(mount);
      },
      sourceGone: (mount, error) => {
        this.#sources--;
        observer.sourceGone(mount, error);
      },
      sourceRecognised: (mount, description) => observer.sourceRecognised(mount, description),
      sourceMisread: (mount, warning) => observer.sourceMisread(mount, warning),
      listenerAdded: (mount, client) => {
        this.#listeners++;
        observer.listenerAdded(mount, client);
      },
      listenerRemoved: (mount, removed) => {
        this.#listeners--;
        observer.listenerRemoved(mount, removed);
      },
      mountEnded: (mount) => {
        this.#byPath.delete(mount.path);
        observer.mountEnded(mount);
      },
    };
  }
}
