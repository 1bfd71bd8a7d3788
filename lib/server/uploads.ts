/** PUT and SOURCE: from a request head to a mount with a source. */

import { isSource, SOURCE_CHALLENGE } from '../http/credentials.js';
import { type Reply, reply } from '../http/reply.js';
import { isReserved } from '../http/site.js';
import type { Front, FrontRequest } from '../ingest/front.js';
import { planUpload, streamInfo } from '../ingest/upload.js';
import type { Mounts } from './mounts.js';

export class Uploads {
  readonly #front: Front;
  readonly #mounts: Mounts;
  readonly #password: string;

  constructor(front: Front, mounts: Mounts, password: string) {
    this.#front = front;
    this.#mounts = mounts;
    this.#password = password;
  }

  /** Answers the request, and publishes its mount when it may. */
  handle(request: FrontRequest): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) this.#front.refuse(request.socket, refusal, request.head.minor);
    else this.#accept(request);
  }

  /** Order matters: nobody without the password learns which mounts are in use. */
  #refusal({ head, target }: FrontRequest): Reply | undefined {
    if (!isSource(head.headers.authorization, this.#password)) return SOURCE_CHALLENGE;
    if (isReserved(target.path))
      return reply(403, `${target.path} cannot be a mount, choose a path like /live.mp3`);
    if (this.#mounts.get(target.path)?.busy) return reply(403, 'Mountpoint in use');
    return undefined;
  }

  #accept({ socket, head, target, rest }: FrontRequest): void {
    const plan = planUpload(head);
    if (plan.length === 0) {
      // Nothing to come, so this asks whether it would be taken: yes, and the mount is left alone.
      this.#front.refuse(socket, reply(200, 'Ready', [['Allow', 'GET, PUT, OPTIONS, SOURCE']]), head.minor);
      return;
    }
    const info = streamInfo(head.headers, target.path);
    const mount = this.#mounts.open(target.path, info);
    socket.write(plan.goAhead);
    mount.publish(socket, info, {
      prelude: rest,
      framing: plan.framing,
      ...(plan.length === undefined ? {} : { length: plan.length }),
      ...(plan.epilogue === undefined ? {} : { epilogue: Buffer.from(plan.epilogue) }),
    });
  }
}
