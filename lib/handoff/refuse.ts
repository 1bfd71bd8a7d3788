/** What cannot be handed over, and the sentence that says why and what to do instead. */

/** The `code` of an error that refuses a target. */
export type RefusalCode =
  | 'ERR_FLUMEN_TARGET'
  | 'ERR_FLUMEN_BAD_FD'
  | 'ERR_FLUMEN_HTTP2'
  | 'ERR_FLUMEN_TLS'
  | 'ERR_FLUMEN_NO_DESCRIPTOR'
  | 'ERR_FLUMEN_NOT_CONNECTED'
  | 'ERR_FLUMEN_ENDED'
  | 'ERR_FLUMEN_NO_BODY'
  | 'ERR_FLUMEN_CONTENT_LENGTH'
  | 'ERR_FLUMEN_ICY'
  | 'ERR_FLUMEN_NO_SOCKET'
  | 'ERR_FLUMEN_HTTP_SOCKET';

/** A TypeError with a `code`; every refusal of a target is one, and leaves the target as it was. */
export interface Refusal extends TypeError {
  code: RefusalCode;
}

export function refusal(code: RefusalCode, message: string): Refusal {
  return Object.assign(new TypeError(message), { code });
}

/** Finds words for something that is neither a socket, nor a response, nor a number. */
export function refuseUnknown(target: unknown): Refusal {
  const accepted = 'a net.Socket, an http.ServerResponse or a file descriptor number is needed';
  if (typeof target !== 'object' || target === null) {
    return refusal('ERR_FLUMEN_TARGET', `cannot take over ${describe(target)}: ${accepted}`);
  }
  const it = target as Record<string, unknown>;
  const name = nameOf(target);
  if (name.startsWith('Http2') || name.endsWith('Http2Stream')) return refuseHttp2(name);
  if (typeof it.hijack === 'function' && it.raw !== undefined) {
    return refusal(
      'ERR_FLUMEN_TARGET',
      'cannot take over a Fastify reply: call reply.hijack() and pass reply.raw',
    );
  }
  if (name === 'IncomingMessage') {
    return refusal('ERR_FLUMEN_TARGET', 'cannot take over a request: pass the response that answers it');
  }
  if (typeof it.pipe === 'function') {
    return refusal(
      'ERR_FLUMEN_NO_DESCRIPTOR',
      `cannot take over this ${name}: it is a stream without a file descriptor; ${accepted}`,
    );
  }
  return refusal('ERR_FLUMEN_TARGET', `cannot take over this ${name}: ${accepted}`);
}

export function refuseHttp2(name: string): Refusal {
  return refusal(
    'ERR_FLUMEN_HTTP2',
    `cannot take over this ${name}: an HTTP/2 connection is shared by many streams; serve this route over HTTP/1.1`,
  );
}

export function refuseTls(): Refusal {
  return refusal(
    'ERR_FLUMEN_TLS',
    'cannot take over a TLS connection: its bytes must be encrypted by Node; terminate TLS in front of this server',
  );
}

function nameOf(target: object): string {
  return target.constructor?.name || 'object';
}

function describe(target: unknown): string {
  if (typeof target === 'string') return `the string ${JSON.stringify(target.slice(0, 40))}`;
  return typeof target === 'function' ? 'a function' : String(target);
}
