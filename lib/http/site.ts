/** Everything that is no stream and no upload: the first page, health, status, and what has no answer. */

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SERVER_ID } from '../version.js';
import { SOURCE_CHALLENGE } from './credentials.js';
import { RequestError } from './head.js';
import { CORS, latin1, type Reply, reply } from './reply.js';
import { type MountStatus, statusJson } from './status.js';
import { parseTarget, type Target } from './target.js';

export interface SiteOptions {
  readonly mounts: () => Iterable<MountStatus>;
  /** epoch ms */
  readonly startedAt: number;
  /** A request for a mount on a connection that had other requests before. False: there is no such mount. */
  readonly mount: (request: IncomingMessage, response: ServerResponse, target: Target) => boolean;
  /** A request for a path of the server's own that this site does not know. False: nobody does. */
  readonly admin: (request: IncomingMessage, response: ServerResponse, target: Target) => boolean;
  /** Told what should not have been thrown; the request has been answered 500. */
  readonly trouble: (error: unknown) => void;
}

const web = new URL('../../web/', import.meta.url);

/** The only files that are served, by path. */
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/web/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/web/page.js': ['page.js', 'text/javascript; charset=utf-8'],
};

const ROUTES = new Set([...Object.keys(FILES), '/healthz', '/status-json.xsl']);
const ALLOWED = 'GET, HEAD, OPTIONS';

/** True for paths that no mount may take, now or later. */
export function isReserved(path: string): boolean {
  return ROUTES.has(path) || /^\/(web|admin|api|metrics)(\/|$)/.test(path) || path.endsWith('/');
}

/** An http server that does not listen: the front gives it connections. */
export function createSite(options: SiteOptions): Server {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    try {
      route(options, request, response);
    } catch (error) {
      fail(options, request, response, error);
    }
  };
  const server = createServer({ keepAliveTimeout: 5_000, headersTimeout: 10_000, requestTimeout: 30_000 });
  server.on('request', handle);
  // Without a listener Node would answer 100 Continue and wait for a body that nobody wants.
  server.on('checkContinue', handle);
  // The deadlines above are watched from 'listening' on, which a server that never listens does not see.
  server.emit('listening');
  return server;
}

function fail(
  options: SiteOptions,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  if (error instanceof RequestError) {
    sendReply(request, response, reply(error.status, error.message));
    return;
  }
  options.trouble(error);
  if (response.headersSent) request.socket.destroy();
  else sendReply(request, response, reply(500, 'Something went wrong here'));
}

function route(options: SiteOptions, request: IncomingMessage, response: ServerResponse): void {
  const method = request.method ?? 'GET';
  const target = request.url === '*' ? { path: '*', query: '' } : parseTarget(request.url ?? '/');
  if (method === 'PUT' || method === 'SOURCE') {
    // The parser has swallowed the beginning of what may be an endless body: it needs a connection of its own.
    const late = reply(421, 'Uploads must be the first request of a connection');
    sendReply(request, response, request.headers.authorization === undefined ? SOURCE_CHALLENGE : late);
    return;
  }
  if (options.mount(request, response, target) || options.admin(request, response, target)) return;
  if (method === 'OPTIONS') {
    // libshout asks `OPTIONS *` for TLS and would upload on the same connection next.
    if (target.path === '*') response.setHeader('Connection', 'close');
    sendReply(request, response, reply(204, '', OPTIONS));
  } else if (!ROUTES.has(target.path)) {
    sendReply(request, response, reply(404, `There is nothing at ${printable(target.path)}`, [CORS]));
  } else if (method !== 'GET' && method !== 'HEAD') {
    sendReply(request, response, reply(405, `${method} is not possible here`, [['Allow', ALLOWED]]));
  } else {
    page(options, request, response, target);
  }
}

const OPTIONS: readonly (readonly [string, string])[] = [
  ['Allow', `${ALLOWED}, PUT, SOURCE`],
  CORS,
  ['Access-Control-Allow-Methods', ALLOWED],
];

function page(
  options: SiteOptions,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): void {
  const file = FILES[target.path];
  if (file !== undefined) {
    response.setHeader(
      'Content-Security-Policy',
      "default-src 'self'; img-src data:; frame-ancestors 'none'",
    );
    response.setHeader('X-Content-Type-Options', 'nosniff');
    send(response, file[1], readFileSync(new URL(file[0], web)));
    return;
  }
  response.setHeader(...CORS);
  if (target.path === '/healthz') {
    send(response, 'application/json; charset=utf-8', Buffer.from('{"status":"ok"}\n'));
    return;
  }
  const only = new URLSearchParams(target.query).get('mount') ?? undefined;
  const host = request.headers.host ?? localAddress(request);
  const json = statusJson(options.mounts(), options.startedAt, host, only);
  send(response, 'application/json; charset=UTF-8', Buffer.from(json));
}

function localAddress(request: IncomingMessage): string {
  const { localAddress: address = 'localhost', localPort } = request.socket;
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}

function send(response: ServerResponse, type: string, body: Buffer): void {
  response.setHeader('Server', SERVER_ID);
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

/** Sends a short answer through Node's http server; the connection lives on unless there may be a body to come. */
export function sendReply(request: IncomingMessage, response: ServerResponse, answer: Reply): void {
  response.statusCode = answer.status;
  response.setHeader('Server', SERVER_ID);
  for (const [name, value] of answer.headers) response.setHeader(name, latin1(value));
  if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method ?? '')) response.setHeader('Connection', 'close');
  const body = Buffer.from(answer.body, 'utf8');
  if (answer.status !== 204) {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.setHeader('Content-Length', body.length);
  }
  response.end(answer.status === 204 ? undefined : body);
}

function printable(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}…` : path;
}
