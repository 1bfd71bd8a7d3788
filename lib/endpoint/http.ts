/**
 * Streams from and to HTTP servers: a GET whose body is read, and a PUT whose body is written, natively. Node's client
 * keeps the socket to itself, so the heads are written and read here.
 */
import type net from 'node:net';
import { type ResponseHead, ResponseScanner } from '../http/response-head.js';
import type { MultiHandleSink } from '../sink/multi-handle-sink.js';
import type { AttachOptions } from '../source/fd-source.js';
import { SERVER_ID } from '../version.js';
import { type ClientEndpointOptions, FinalError } from './client-endpoint.js';
import { ClientSink, type SinkChoice } from './client-sink.js';
import { ClientSource, type IntakeOptions } from './client-source.js';
import { type Dialled, dialAddress } from './dial.js';

/** GET. The body may be chunked, of a given length, or last until the close. GStreamer: souphttpsrc. */
export class HttpClientSource extends ClientSource {
  /** @param url http://; user and password in it are sent as Basic credentials */
  constructor(sink: MultiHandleSink, url: URL, options: ClientEndpointOptions & IntakeOptions = {}) {
    super(sink, (signal) => dialGet(url, signal), options);
  }
}

/** PUT with chunked coding, as encoders publish at a streaming server. */
export class HttpClientSink extends ClientSink {
  /** @param url as above */
  constructor(url: URL, options: ClientEndpointOptions & SinkChoice = {}) {
    super((signal) => dialPut(url, signal), options);
  }
}

/** ms in which an answer must have come. */
const ANSWER_TIMEOUT = 10_000;
/** ms after which an upload begins although the server has not said 100, as curl does. */
const CONTINUE_TIMEOUT = 1_000;
const MAX_REDIRECTS = 5;
/** Refusals that may be over the next time: the mount is not there yet, or is still in use. */
const PASSING = new Set([403, 404, 408, 409, 425, 429]);

async function dialGet(url: URL, signal: AbortSignal): Promise<Dialled> {
  for (let at = url, redirects = 0; ; redirects += 1) {
    const socket = await dialUrl(at, signal);
    try {
      socket.write(requestHead('GET', at, ['Accept: */*', 'Connection: close']));
      const { head, rest } = await answerOf(socket, signal, ANSWER_TIMEOUT, 200);
      if (head === undefined) throw new Error(`GET ${shown(at)}: no answer in ${ANSWER_TIMEOUT} ms`);
      if (head.status === 200) return { socket, attach: { prelude: rest, ...bodyOf(head, at) } };
      const { location } = head.headers;
      if (head.status < 300 || head.status > 399 || location === undefined) throw refused('GET', at, head);
      if (redirects === MAX_REDIRECTS)
        throw new FinalError(`GET ${shown(url)}: over ${MAX_REDIRECTS} redirects`);
      at = redirected(at, location);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.destroy();
  }
}

async function dialPut(url: URL, signal: AbortSignal): Promise<Dialled> {
  const socket = await dialUrl(url, signal);
  try {
    socket.write(requestHead('PUT', url, ['Transfer-Encoding: chunked', 'Expect: 100-continue']));
    const { head } = await answerOf(socket, signal, CONTINUE_TIMEOUT, 100);
    if (head !== undefined && head.status !== 100 && head.status !== 200) throw refused('PUT', url, head);
    return { socket, add: { framing: 'chunked' } };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function dialUrl(url: URL, signal: AbortSignal): Promise<net.Socket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return dialAddress({ host, port: Number(url.port || 80) }, signal);
}

function requestHead(method: string, url: URL, more: readonly string[]): string {
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`];
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    lines.push(`Authorization: Basic ${Buffer.from(credentials).toString('base64')}`);
  }
  return `${[...lines, `User-Agent: ${SERVER_ID}`, ...more].join('\r\n')}\r\n\r\n`;
}

/** The first answer of at least status `least`, and what came behind it. No head: none came in `patience` ms. */
function answerOf(
  socket: net.Socket,
  signal: AbortSignal,
  patience: number,
  least: number,
): Promise<{ head: ResponseHead | undefined; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    const scanner = new ResponseScanner();
    const settle = (): void => {
      clearTimeout(late);
      socket.pause();
      socket.off('data', onData).off('end', onEnd).off('error', fail);
      signal.removeEventListener('abort', abort);
    };
    const done = (head: ResponseHead | undefined): void => {
      settle();
      resolve({ head, rest: scanner.rest });
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      try {
        scanner.add(chunk);
        let head = scanner.take();
        while (head !== undefined && head.status < least) head = scanner.take();
        if (head !== undefined) done(head);
      } catch (error) {
        fail(error as Error);
      }
    };
    const onEnd = (): void => fail(new Error('the server has closed the connection without an answer'));
    const abort = (): void => fail(signal.reason as Error);
    const late = setTimeout(done, patience, undefined);
    signal.addEventListener('abort', abort, { once: true });
    socket.on('data', onData).on('end', onEnd).on('error', fail).resume();
  });
}

function bodyOf(head: ResponseHead, url: URL): AttachOptions {
  const type = head.headers['content-type'];
  return { ...framingOf(head, url), ...(type === undefined ? {} : { contentType: type }) };
}

function framingOf({ headers }: ResponseHead, url: URL): AttachOptions {
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (coding !== undefined) {
    if (coding.toLowerCase() === 'chunked') return { framing: 'chunked' };
    throw new FinalError(`GET ${shown(url)}: Transfer-Encoding ${coding} is not understood, only chunked is`);
  }
  if (length === undefined) return {};
  if (!/^\d{1,15}$/.test(length)) throw new Error(`GET ${shown(url)}: Content-Length ${length} is no number`);
  return { length: Number(length) };
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.protocol !== 'http:') {
    throw new FinalError(`GET ${shown(from)}: redirected to ${location}, and only http:// is spoken here`);
  }
  return to;
}

function refused(method: string, url: URL, { status, reason }: ResponseHead): Error {
  const message = `${method} ${shown(url)}: the server says ${status} ${reason}`.trimEnd();
  return PASSING.has(status) || status >= 500 ? new Error(message) : new FinalError(message);
}

/** Without the password. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}${url.search}`;
}
