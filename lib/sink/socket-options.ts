/** How the sockets of clients are set up: the options that a sink and each of its clients share, and their flat form. */
import { NUMBERS, numberOption } from '../options.js';
import { checkBoolean } from '../units.js';

/** What does not apply to a descriptor (TCP options of a unix socket, all of them of a pipe) is left out there. */
export interface SocketOptions {
  /** Bytes that may wait unsent in the kernel for one TCP client (TCP_NOTSENT_LOWAT). Default 16 KiB. */
  notSentLowat?: number;
  /** TCP_NODELAY: what is to go out goes out at once. Default true. */
  noDelay?: boolean;
  /** SO_SNDBUF in bytes (the kernel doubles it). Default: the kernel's. */
  sendBuffer?: number;
  /** Differentiated services code point of the packets, 0 to 63 (RFC 2474). Default: untouched. */
  dscp?: number;
  /** ms without traffic after which the kernel probes whether the peer is still there, whole seconds. Default: never. */
  keepAlive?: number;
  /** ms for which sent bytes may stay unacknowledged before the connection ends (TCP_USER_TIMEOUT). Default: the kernel's. */
  userTimeout?: number;
}

export const SOCKET_KEYS = [
  'notSentLowat',
  'noDelay',
  'sendBuffer',
  'dscp',
  'keepAlive',
  'userTimeout',
] as const satisfies (keyof SocketOptions)[];

/** SocketOptions, checked and complete; −1 and 0 leave the kernel's default in place. */
export type SocketCare = Readonly<Required<SocketOptions>>;

const NUMBER = NUMBERS.SocketOptions;

export const DEFAULT_SOCKET: SocketCare = {
  notSentLowat: NUMBER.notSentLowat.usual,
  noDelay: true,
  sendBuffer: NUMBER.sendBuffer.usual,
  dscp: NUMBER.dscp.usual,
  keepAlive: NUMBER.keepAlive.usual,
  userTimeout: NUMBER.userTimeout.usual,
};

/** `base` with what `options` ask for in its place. Throws a TypeError or RangeError that names the option. */
export function readSocket(options: SocketOptions, base: SocketCare): SocketCare {
  return {
    notSentLowat: numberOption(NUMBER.notSentLowat, options.notSentLowat ?? base.notSentLowat),
    noDelay: checkBoolean('noDelay', options.noDelay ?? base.noDelay),
    sendBuffer: numberOption(NUMBER.sendBuffer, options.sendBuffer ?? base.sendBuffer),
    dscp: numberOption(NUMBER.dscp, options.dscp ?? base.dscp),
    keepAlive: numberOption(NUMBER.keepAlive, options.keepAlive ?? base.keepAlive),
    userTimeout: numberOption(NUMBER.userTimeout, options.userTimeout ?? base.userTimeout),
  };
}

/** The order is that of native/addon/sink_doors.cc, FlatReader::socket. */
export function flatSocket(care: SocketCare): number[] {
  return SOCKET_KEYS.map((key) => Number(care[key]));
}
