/** Where a relay reads and writes, as it is written on a command line. */
import { type AddressOptions, checkAddress } from '../endpoint/address.js';

export type Place = { readonly text: string } & (
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'connect' | 'listen'; readonly address: AddressOptions }
  | { readonly kind: 'http'; readonly url: URL }
);

export type Side = 'IN' | 'OUT';

export const PLACES =
  '-, fd:N, file:PATH, tcp://HOST:PORT, tcp-listen://HOST:PORT, unix:PATH, unix-listen:PATH or http://HOST/PATH';

const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:[\]/@]+)):(\d{1,5})$/;
const FD_MAX = 2 ** 31 - 1;

/** @throws Error that says what is wrong with the text and what it may be */
export function parsePlace(text: string, side: Side): Place {
  if (text === '-') return { text, kind: 'fd', fd: side === 'IN' ? 0 : 1 };
  const [, scheme = '', rest = ''] = /^([a-z-]+):(.*)$/s.exec(text) ?? [];
  switch (scheme) {
    case 'fd':
      return { text, kind: 'fd', fd: descriptor(rest) };
    case 'file':
      return { text, kind: 'file', path: filePath(rest) };
    case 'tcp':
      return { text, kind: 'connect', address: tcp(rest, 'connect') };
    case 'tcp-listen':
      return { text, kind: 'listen', address: tcp(rest, 'listen') };
    case 'unix':
      return { text, kind: 'connect', address: unix(rest, 'connect') };
    case 'unix-listen':
      return { text, kind: 'listen', address: unix(rest, 'listen') };
    case 'http':
      return { text: withoutPassword(text), kind: 'http', url: httpUrl(text) };
    case 'https':
      throw new Error('TLS is not spoken here: put a proxy in between, and use http://');
    default:
      throw new Error(`It must be ${PLACES}.`);
  }
}

function descriptor(rest: string): number {
  const fd = /^\d{1,10}$/.test(rest) ? Number(rest) : Number.NaN;
  if (!(fd <= FD_MAX))
    throw new Error('It must be fd:N with the number of an open descriptor, such as fd:3.');
  return fd;
}

function filePath(rest: string): string {
  if (rest === '' || rest.includes('\0')) throw new Error('It must be file:PATH, such as file:/tmp/stream.');
  return rest;
}

/** `127.0.0.1:8000`, `localhost:0`, `[::1]:8000`; undefined when it is not of that form. */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const match = HOST_PORT.exec(text);
  const port = Number(match?.[3]);
  return match === null || port > 65_535 ? undefined : { host: (match[1] ?? match[2]) as string, port };
}

function tcp(rest: string, use: 'listen' | 'connect'): AddressOptions {
  const address = rest.startsWith('//') ? parseHostPort(rest.slice(2)) : undefined;
  if (address === undefined) {
    throw new Error('It must be //HOST:PORT behind the colon, such as //127.0.0.1:5000 or //[::1]:5000.');
  }
  return checked(address, use);
}

function unix(rest: string, use: 'listen' | 'connect'): AddressOptions {
  return checked({ path: rest }, use);
}

function checked(address: AddressOptions, use: 'listen' | 'connect'): AddressOptions {
  checkAddress(address, use);
  return address;
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // "http:host" would be taken for http://host.
  if (url === undefined || !text.startsWith('http://'))
    throw new Error('It must be http://HOST[:PORT]/PATH.');
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new Error('User and password must be percent-encoded.');
  }
  return url;
}

function withoutPassword(text: string): string {
  return text.replace(/^(http:\/\/[^/@:]*):[^/@]*@/, '$1@');
}
