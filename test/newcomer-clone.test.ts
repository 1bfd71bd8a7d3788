// The two lines of the README, in an empty folder: clone, `npm ci && npm start`, and hear something.
// Slow (it installs and compiles everything), so vitest.config.ts includes it with FLUMEN_FULL=1 only. It tests what is committed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const runFile = promisify(execFile);

/** What this test reads of the status page. One mount is an object, several are a list: players rely on that. */
interface Status {
  icestats: { source?: Mount | Mount[] };
}
interface Mount {
  listenurl: string;
}

describe('a newcomer', () => {
  let place: string;
  let npm: ChildProcess | undefined;

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'flumen-clone-'));
  });
  afterEach(async () => {
    if (npm?.pid && npm.exitCode === null && npm.signalCode === null) {
      // npm and the server it started are one process group, which this test made.
      process.kill(-npm.pid, 'SIGTERM');
      await once(npm, 'exit');
    }
    rmSync(place, { recursive: true });
  });

  it('clones, starts and hears the demo', async () => {
    const clone = join(place, 'flumen');
    await runFile('git', ['clone', '--quiet', root, clone]);
    await runFile('npm', ['ci', '--no-audit', '--no-fund'], { cwd: clone });
    npm = spawn('npm', ['start', '--', '--listen', '127.0.0.1:0', '--demo'], {
      cwd: clone,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const base = await addressOf(npm);

    const status = (await (await fetch(`${base}/status-json.xsl`)).json()) as Status;
    const demo = [status.icestats.source].flat()[0];
    if (!demo) throw new Error('the status page names no mount');
    const heard = await fetch(new URL(new URL(demo.listenurl).pathname, base));
    expect(heard.status).toBe(200);
    expect(await firstBytes(heard, 16_384)).toBeGreaterThanOrEqual(16_384);
  });

  /** The address in the line that says that the server is ready. */
  async function addressOf(child: ChildProcess) {
    if (!child.stdout) throw new Error('npm start has no stdout');
    const said: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      const found = /listening on (http:\/\/\S+)/.exec(line);
      if (found?.[1]) return found[1];
    }
    throw new Error(`npm start ended without listening; it said:\n${said.join('\n')}`);
  }

  async function firstBytes(response: Response, wanted: number) {
    let got = 0;
    for await (const part of response.body ?? []) {
      got += part.length;
      if (got >= wanted) break;
    }
    return got;
  }
});
