// A live encoder that uploads to one mount, and whose connection is dropped now and then, also in the middle of a unit.
import { once } from 'node:events';
import { connect } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { UnitWriter, unitRate } from './stream.mjs';

const retryMs = 200;

export class Source {
  #port;
  #path;
  #authorization;
  #run = 0;
  #socket;
  #timer;
  #stopped = false;
  #units;
  #chunked = false;
  #begun = 0;
  #sent = 0;
  /** Connections that were taken, that were refused or failed, and cuts by kind. */
  counts = { connected: 0, refused: 0, fin: 0, reset: 0, finInUnit: 0, resetInUnit: 0 };
  up = false;

  constructor(port, path, password) {
    this.#port = port;
    this.#path = path;
    this.#authorization = `Basic ${Buffer.from(`source:${password}`).toString('base64')}`;
  }

  start() {
    void this.#connect();
  }

  async #connect() {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    this.#socket = socket;
    this.#chunked = Math.random() < 0.5;
    socket.on('error', () => {}); // 'close' follows
    socket.once('close', () => this.#closed(socket));
    socket.write(
      `PUT ${this.#path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${this.#authorization}\r\nContent-Type: audio/mpeg\r\n${this.#chunked ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n`,
    );
    const [reply] = await once(socket, 'data').catch(() => ['']);
    if (!String(reply).startsWith('HTTP/1.1 200')) {
      this.counts.refused++;
      socket.destroy();
      return;
    }
    this.counts.connected++;
    this.up = true;
    this.#units = new UnitWriter(++this.#run);
    this.#begun = performance.now();
    this.#sent = 0;
    this.#pace();
  }

  /** Writes what is due, against absolute deadlines. */
  #pace() {
    if (!this.up) return;
    const due = ((performance.now() - this.#begun) / 1000) * unitRate;
    for (; this.#sent < due; this.#sent++) this.#socket.write(this.#framed(this.#units.next()));
    this.#timer = setTimeout(() => this.#pace(), 1000 / unitRate);
  }

  #framed(unit) {
    if (!this.#chunked) return unit;
    return Buffer.concat([Buffer.from(`${unit.length.toString(16)}\r\n`), unit, Buffer.from('\r\n')]);
  }

  #closed(socket) {
    if (socket !== this.#socket) return;
    this.up = false;
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#connect(), retryMs);
  }

  /** Ends the connection, by FIN or by a reset, also within a unit; another follows. */
  cut({ inUnit, ...how }) {
    if (!this.up) return;
    // Where nothing says how long the body is, a FIN within a unit is its proper end, and that piece is for the listeners.
    const reset = how.reset || (inUnit && !this.#chunked);
    this.up = false;
    clearTimeout(this.#timer);
    this.counts[`${reset ? 'reset' : 'fin'}${inUnit ? 'InUnit' : ''}`]++;
    const socket = this.#socket;
    const end = () => {
      if (reset) socket.resetAndDestroy();
      else socket.destroySoon();
    };
    if (inUnit) socket.write(this.#framed(this.#units.next()).subarray(0, 100), end);
    else end();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}
