/** Why a GDP stream has ended before its end. */
/** What is wrong with a GDP stream. It cannot be read on: there is no mark to find the next packet by. */
export class GdpError extends Error {
  readonly code = 'ERR_FLUMEN_GDP';

  /** "header-crc", "payload-crc", "bad-version", "truncated-payload"… */
  readonly fault: string;
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Where the packet's header begins, in bytes of the stream. */
  readonly at: number;
  /** How many packets came before it. */
  readonly packet: number;

  constructor(fault: string, reason: string, at: number, packet: number) {
    super(`GDP packet ${packet} at byte ${at}: ${reason}`);
    this.name = 'GdpError';
    this.fault = fault;
    this.reason = reason;
    this.at = at;
    this.packet = packet;
  }
}
