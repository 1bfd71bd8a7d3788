/** /demo.mp3: a short piece of music, over and over, so that there is something to hear at once. */

import { readFileSync } from 'node:fs';
import { BURST_MS, type Mount } from './mount.js';
import type { Mounts } from './mounts.js';
import { type MpegFrame, splitFrames } from './mpeg-frames.js';

export const DEMO_PATH = '/demo.mp3';
const FILE = new URL('../../web/demo.mp3', import.meta.url);
const TICK_MS = 200;

/** Says how many frames are due: exact over days, and after a stall it gives at most a second's worth at once. */
export class Pacer {
  readonly #frameMs: number;
  #epoch: number;
  #sent = 0;

  /** @param frameMs duration of a frame in ms; @param now monotonic ms */
  constructor(frameMs: number, now: number) {
    this.#frameMs = frameMs;
    this.#epoch = now;
  }

  due(now: number): number {
    const most = Math.max(1, Math.floor(1000 / this.#frameMs));
    let due = Math.floor((now - this.#epoch) / this.#frameMs) - this.#sent;
    if (due > most) {
      // The process was stopped or the machine slept: what is over a second late is not made up for.
      this.#epoch += (due - most) * this.#frameMs;
      due = most;
    }
    this.#sent += Math.max(0, due);
    return Math.max(0, due);
  }
}

export class DemoProgram {
  readonly #mount: Mount;
  readonly #frames: readonly MpegFrame[];
  readonly #pacer: Pacer;
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #pts = 0n;

  constructor(mounts: Mounts) {
    this.#frames = splitFrames(readFileSync(FILE));
    const first = this.#frames[0] as MpegFrame;
    const info = {
      contentType: 'audio/mpeg',
      name: 'flumen demo',
      description: 'A few chords, made by the project itself',
      genre: 'demo',
      public: false,
      bitrate: Math.round((first.bytes.length * 8 * 1e6) / Number(first.duration)),
    };
    this.#mount = mounts.open(DEMO_PATH, info);
    this.#mount.publishProgram(info);
    this.#mount.retitle('flumen demo - A few chords');
    // A burst is ready from the first second on: players need it to begin without waiting.
    this.#push(Math.ceil((BURST_MS * 1e6) / Number(first.duration)) + 1);
    this.#pacer = new Pacer(Number(first.duration) / 1e6, performance.now());
    this.#timer = setInterval(() => this.#push(this.#pacer.due(performance.now())), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #push(count: number): void {
    for (let i = 0; i < count; i++) {
      const { bytes, duration } = this.#frames[this.#next] as MpegFrame;
      this.#mount.sink.push(bytes, { pts: this.#pts, duration });
      this.#pts += duration;
      this.#next = (this.#next + 1) % this.#frames.length;
    }
  }
}
