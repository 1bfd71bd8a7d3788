/** `/admin/metadata`, by which encoders say what is being played: Icecast's, with the source's credentials. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSource, SOURCE_CHALLENGE } from '../http/credentials.js';
import { type Reply, reply } from '../http/reply.js';
import { sendReply } from '../http/site.js';
import type { Target } from '../http/target.js';
import { textOf } from '../ingest/upload.js';
import type { Mounts } from './mounts.js';

const PATH = '/admin/metadata';
/** Encoders look for the words or the 1. */
const DONE =
  '<?xml version="1.0"?>\n<iceresponse><message>Metadata update successful</message><return>1</return></iceresponse>\n';

export class Metadata {
  readonly #mounts: Mounts;
  readonly #password: string;

  constructor(mounts: Mounts, password: string) {
    this.#mounts = mounts;
    this.#password = password;
  }

  /** Answers a request for this path; false for any other. */
  handle(request: IncomingMessage, response: ServerResponse, target: Target): boolean {
    if (target.path !== PATH) return false;
    const refusal = this.#update(request, target);
    if (refusal !== undefined) {
      sendReply(request, response, refusal);
      return true;
    }
    response.setHeader('Content-Type', 'text/xml; charset=utf-8');
    response.setHeader('Content-Length', DONE.length);
    response.end(DONE);
    return true;
  }

  /** What is wrong; undefined when the title has been changed. */
  #update(request: IncomingMessage, { query }: Target): Reply | undefined {
    if (!isSource(request.headers.authorization, this.#password)) return SOURCE_CHALLENGE;
    if (request.method !== 'GET') {
      return reply(405, `${request.method} is not possible here`, [['Allow', 'GET']]);
    }
    const asked = parameters(query);
    if (asked.mode !== 'updinfo') return reply(400, 'mode must be updinfo');
    const mount = this.#mounts.get(asked.mount ?? '');
    if (mount === undefined || mount.ended) return reply(400, 'Source does not exist');
    const title = asked.song ?? ([asked.artist, asked.title].filter(Boolean).join(' - ') || undefined);
    if (title === undefined) return reply(400, 'song, or artist and title, must say what is being played');
    mount.retitle(title);
    return undefined;
  }
}

/** Values are UTF-8 or Latin-1, or what `charset` says. */
function parameters(query: string): Record<string, string> {
  const raw = query.split('&').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0
      ? ([bytesOf(part), ''] as const)
      : ([bytesOf(part.slice(0, equals)), bytesOf(part.slice(equals + 1))] as const);
  });
  const decode = decoderFor(raw.find(([name]) => name === 'charset')?.[1]);
  return Object.fromEntries(raw.map(([name, value]) => [name, decode(value)]));
}

function bytesOf(encoded: string): string {
  return encoded
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function decoderFor(charset: string | undefined): (latin1: string) => string {
  try {
    if (charset) {
      const decoder = new TextDecoder(charset);
      return (latin1) => decoder.decode(Buffer.from(latin1, 'latin1'));
    }
  } catch {
    // One that nobody knows: as if none had been given.
  }
  return (latin1) => textOf(latin1) ?? '';
}
