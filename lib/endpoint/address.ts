/** Where an end point listens, or what it connects to. */
import type net from 'node:net';
import { checkInteger, describe } from '../units.js';

/** TCP host and port, or the path of a unix socket. */
export interface AddressOptions {
  /** Name or address; every address that a name stands for is used. Default "localhost". */
  host?: string;
  /** 0 to 65535. To listen on 0 takes a free port, the same on all addresses. Default 4953, as GStreamer's. */
  port?: number;
  /** A unix socket, in place of host and port; at most 107 bytes. */
  path?: string;
}

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** The other end of a connection; empty for a unix socket. */
export interface Peer {
  remoteAddress?: string;
  remotePort?: number;
}

/** Names of AddressOptions. */
export const ADDRESS_KEYS = ['host', 'port', 'path'] as const satisfies (keyof AddressOptions)[];

const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 4953;
/** sockaddr_un has 108 bytes, one of them the final NUL; libuv cuts what is longer. */
const UNIX_PATH_MAX = 107;

/** The address, checked. @throws TypeError or RangeError that names the option */
export function checkAddress(options: AddressOptions, use: 'listen' | 'connect'): Address {
  const { host, port, path } = options;
  if (path !== undefined) {
    if (host !== undefined || port !== undefined) {
      throw new TypeError('path excludes host and port: an end point has one address');
    }
    return { path: checkPath(path) };
  }
  if (host !== undefined && (typeof host !== 'string' || host === '')) {
    throw new TypeError(`host must be a name or an address, not ${describe(host)}`);
  }
  const lowest = use === 'listen' ? 0 : 1;
  return { host: host ?? DEFAULT_HOST, port: checkInteger('port', port ?? DEFAULT_PORT, lowest, 65_535) };
}

function checkPath(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError(`path must be the path of a unix socket, not ${describe(path)}`);
  }
  const length = Buffer.byteLength(path);
  if (length > UNIX_PATH_MAX) {
    throw new RangeError(`path is ${length} bytes long; unix sockets have at most ${UNIX_PATH_MAX}: ${path}`);
  }
  return path;
}

/** As it is written in messages: `localhost:4953`, `[::1]:80`, a path. */
export function showAddress(address: Address): string {
  if ('path' in address) return address.path;
  const { host, port } = address;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The other end of a socket, as long as Node has it. */
export function peerOf({ remoteAddress, remotePort }: net.Socket): Peer {
  return {
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(remotePort === undefined ? {} : { remotePort }),
  };
}
