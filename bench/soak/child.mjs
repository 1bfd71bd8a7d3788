// The soak's two other processes: the server, asked over its IPC channel and looked at from outside, and the crowd.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LinePeer } from '../lib/lines.mjs';
import { rssBytes } from '../lib/machine.mjs';
import { nativeProgram } from '../lib/native.mjs';

const script = fileURLToPath(new URL('server.mjs', import.meta.url));

export class ServerProcess {
  #child;
  #exit;
  #turn = Promise.resolve();
  port = 0;
  appPort = 0;

  /** `io`: FLUMEN_IO. `preload`: a module that is imported before the server, for tests of the soak itself. */
  static async start({ password, io, faultsFile, preload }) {
    const self = new ServerProcess();
    const args = ['--expose-gc', ...(preload === undefined ? [] : ['--import', preload]), script];
    const shim = { LD_PRELOAD: nativeProgram('soak_shim.so'), SOAK_FAULTS: faultsFile };
    self.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...process.env,
        FLUMEN_SOURCE_PASSWORD: password,
        FLUMEN_IO: io,
        ...(faultsFile === undefined ? {} : shim),
      },
    });
    self.#exit = once(self.#child, 'exit');
    Object.assign(self, await self.#answer());
    return self;
  }

  async #answer() {
    const gone = this.#exit.then(([code, signal]) => {
      throw new Error(`the server has ended with ${signal ?? code}`);
    });
    const [message] = await Promise.race([once(this.#child, 'message'), gone]);
    return message.answer;
  }

  /** One question at a time: answers come in order. */
  ask(question, more = {}) {
    const answer = this.#turn.then(() => {
      this.#child.send({ question, ...more });
      return this.#answer();
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  get rss() {
    return rssBytes(this.#child.pid);
  }

  /** Descriptors that are open, counted from outside. */
  get fds() {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** The soft limit of open files. */
  get fileLimit() {
    return Number(
      /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/limits`, 'latin1'))[1],
    );
  }

  set fileLimit(soft) {
    const done = spawnSync('prlimit', ['--pid', String(this.#child.pid), `--nofile=${soft}:`], {
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`prlimit: ${done.error?.message ?? done.stderr}`);
  }

  /** Its exit code, when it ends by itself within `ms`; else it is ended and the answer is null. */
  async exited(ms) {
    const late = new AbortController();
    const timer = setTimeout(ms, 'late', { signal: late.signal }).catch(() => {});
    const first = await Promise.race([this.#exit, timer]);
    late.abort();
    if (first !== 'late') return first[0];
    this.#child.kill('SIGKILL');
    return null;
  }
}

export class Crowd {
  #child;
  #peer;

  /** `places`: `{ port, path, weight, titles }`. `churn`: leaves a second. `ramp`: dials a second at most. */
  constructor({ clients, churn, ramp, places }) {
    const args = ['--clients', clients, '--churn', churn, '--ramp', ramp];
    for (const { port, path, weight, titles } of places)
      args.push('--place', `${port}${path},${weight},${titles ? 1 : 0}`);
    this.#child = spawn(nativeProgram('soak_load'), args.map(String), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#peer = new LinePeer('crowd', this.#child.stdout, this.#child.stdin);
  }

  target(count) {
    return this.#peer.ask(`target ${count}`);
  }

  report() {
    return this.#peer.ask('report');
  }

  empty() {
    return this.#peer.ask('empty');
  }

  quit() {
    this.#peer.tell('quit');
  }
}
