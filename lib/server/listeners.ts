/** GET, HEAD and OPTIONS on mounts: authenticated by a hook, answered, handed down. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Head, Headers } from '../http/head.js';
import { CORS, latin1, type Reply, reply } from '../http/reply.js';
import { sendReply } from '../http/site.js';
import type { Target } from '../http/target.js';
import type { Front, FrontRequest } from '../ingest/front.js';
import { ALLOWED, OPTIONS_HEADERS, streamHeaders, takesTitles } from './listener-reply.js';
import type { Mount } from './mount.js';

/** Who wants to listen to what. */
export interface ListenerRequest {
  readonly mount: Mount;
  /** Percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Headers;
  readonly remoteAddress: string;
}

/**
 * Decides whether somebody may listen. False answers 401, or 403 when the request carries a query and no Authorization
 * (a link with a token: asking for a password would not help). A throw or a rejection answers 500.
 */
export type Authenticate = (request: ListenerRequest) => boolean | Promise<boolean>;

/** One request, whichever way it came in. */
interface Way {
  readonly method: string;
  readonly gone: () => boolean;
  readonly admit: (mount: Mount) => void;
  readonly answer: (reply: Reply) => void;
  readonly head: (mount: Mount) => void;
}

export class Listeners {
  readonly #front: Front;
  readonly #authenticate: Authenticate | undefined;
  readonly #trouble: (error: unknown) => void;

  /** @param trouble is told what the hook threw */
  constructor(front: Front, authenticate: Authenticate | undefined, trouble: (error: unknown) => void) {
    this.#front = front;
    this.#authenticate = authenticate;
    this.#trouble = trouble;
  }

  /** The common way: a raw socket whose head has been read. */
  handle(mount: Mount, { socket, head, target }: FrontRequest): void {
    const remoteAddress = socket.remoteAddress ?? '';
    const { method, minor } = head;
    if (method === 'GET' && this.#authenticate === undefined) {
      this.#admit(mount, socket, head, remoteAddress);
      return;
    }
    const way: Way = {
      method,
      gone: () => socket.destroyed,
      admit: (to) => this.#admit(to, socket, head, remoteAddress),
      answer: (answer) => this.#front.refuse(socket, answer, minor, method === 'HEAD'),
      head: (of) => this.#front.finish(socket, of.headBytes(head)),
    };
    this.#decide(way, mount, target, head.headers, remoteAddress);
  }

  /** A later request of a connection that began with one for the http server. */
  handleResponse(mount: Mount, request: IncomingMessage, response: ServerResponse, target: Target): void {
    const remoteAddress = request.socket.remoteAddress ?? '';
    const headers = flat(request.headers);
    const way: Way = {
      method: request.method ?? 'GET',
      gone: () => response.destroyed || request.socket.destroyed,
      admit: (to) => this.#admitResponse(to, request, response, remoteAddress),
      answer: (answer) => sendReply(request, response, answer),
      head: (of) => {
        const titles = takesTitles(headers, of.info);
        for (const [name, value] of streamHeaders(of.info, titles)) response.setHeader(name, latin1(value));
        response.setHeader('Connection', 'close').end();
      },
    };
    this.#decide(way, mount, target, headers, remoteAddress);
  }

  #decide(way: Way, mount: Mount, target: Target, headers: Headers, remoteAddress: string): void {
    if (way.method === 'OPTIONS') {
      way.answer(reply(204, '', OPTIONS_HEADERS));
    } else if (way.method !== 'GET' && way.method !== 'HEAD') {
      way.answer(reply(405, `${way.method} is not possible on a mount`, [['Allow', ALLOWED], CORS]));
    } else {
      const query = new URLSearchParams(target.query);
      this.#ask(way, { mount, path: target.path, query, headers, remoteAddress });
    }
  }

  #ask(way: Way, request: ListenerRequest): void {
    if (this.#authenticate === undefined) {
      this.#answer(way, request, true);
      return;
    }
    try {
      const verdict = this.#authenticate(request);
      if (typeof verdict === 'boolean') this.#answer(way, request, verdict);
      else
        verdict
          .then((allowed) => this.#answer(way, request, allowed))
          .catch((error) => this.#failed(way, error));
    } catch (error) {
      this.#failed(way, error);
    }
  }

  #answer(way: Way, request: ListenerRequest, allowed: boolean): void {
    const { mount } = request;
    if (way.gone()) return;
    if (allowed !== true) way.answer(refusal(request));
    else if (mount.ended) way.answer(reply(404, `${mount.path} has ended`, [CORS]));
    else if (way.method === 'HEAD') way.head(mount);
    else way.admit(mount);
  }

  #failed(way: Way, error: unknown): void {
    this.#trouble(error);
    if (!way.gone()) way.answer(reply(500, 'The listener could not be authenticated', [CORS]));
  }

  #admitResponse(
    mount: Mount,
    request: IncomingMessage,
    response: ServerResponse,
    remoteAddress: string,
  ): void {
    if (response.socket === null) {
      // Pipelined: it gets the socket when the answer before it is through, and is then looked at again.
      response.once('socket', () => {
        process.nextTick(() => {
          if (mount.ended) sendReply(request, response, reply(404, `${mount.path} has ended`, [CORS]));
          else this.#admitResponse(mount, request, response, remoteAddress);
        });
      });
      return;
    }
    try {
      mount.listenResponse(response, flat(request.headers), remoteAddress);
    } catch (error) {
      this.#trouble(error);
      request.socket.destroy();
    }
  }

  #admit(mount: Mount, socket: Socket, head: Head, remoteAddress: string): void {
    try {
      mount.listen(socket, head, remoteAddress);
    } catch (error) {
      // The socket could not be handed down at all; nothing has been sent yet.
      this.#trouble(error);
      this.#front.refuse(socket, reply(500, 'The stream could not be started', [CORS]), head.minor);
    }
  }
}

function refusal(request: ListenerRequest): Reply {
  if (request.headers.authorization === undefined && request.query.size > 0) {
    return reply(403, `You may not listen to ${request.mount.path}`, [CORS]);
  }
  const challenge: [string, string] = ['WWW-Authenticate', 'Basic realm="flumen"'];
  return reply(401, `You need to authenticate to listen to ${request.mount.path}`, [challenge, CORS]);
}

function flat(headers: IncomingMessage['headers']): Headers {
  const out: Record<string, string> = { __proto__: null } as never;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) out[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return out;
}
