// The package where its addon cannot be had: it can be imported, and the first use of anything native says what is wrong and what to do.
// A child process is told that it is elsewhere before it imports a copy of the package as it would be installed.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Place {
  platform: string;
  arch?: string;
  /** Of the runtime; undefined: musl. */
  glibc?: string;
}

describe('the package without an addon', () => {
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'flumen-elsewhere-'));
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(root, part), join(home, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
  });
  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  it.each<[Place, RegExp, RegExp]>([
    [{ platform: 'darwin', arch: 'arm64' }, /for darwin-arm64\. /, /on Linux, in a container/],
    [{ platform: 'win32' }, /for win32-x64\. /, /WSL/],
    [{ platform: 'linux' }, /for linux-x64 \(musl\)\. /, /node:22-slim in place of node:22-alpine/],
    [{ platform: 'linux', glibc: '2.36' }, /for linux-x64 \(glibc\)\. /, /glibc 2\.28.*install flumen again/],
    [{ platform: 'linux', arch: 'riscv64', glibc: '2.36' }, /for linux-riscv64 \(glibc\)\. /, /from a clone/],
  ])('on %j', (place, named, remedy) => {
    const { code, message, others } = tryOn(place);
    expect(code).toBe('ERR_FLUMEN_NO_ADDON');
    expect(message).toMatch(named);
    expect(message).toMatch(remedy);
    // What needs nothing native works.
    expect(others).toEqual(['function', 'function', '1/2']);
  });

  it('says what the system said when the binary is there and does not load', () => {
    const folder = join(home, 'prebuilds/linux-x64');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'flumen.glibc.node'), 'no library');
    const { code, message } = tryOn({ platform: 'linux', glibc: '2.17' });
    rmSync(join(home, 'prebuilds'), { recursive: true });
    expect(code).toBe('ERR_FLUMEN_NO_ADDON');
    expect(message).toMatch(
      /^flumen's native addon could not be loaded on linux-x64 \(glibc\): .*flumen\.glibc\.node/,
    );
    expect(message).toMatch(/need glibc 2\.28/);
  });

  it('is told on the command line in one piece, without a stack', () => {
    const args = [
      ...faked({ platform: 'darwin' }),
      join(home, 'bin/flumen.js'),
      'serve',
      '--listen',
      '127.0.0.1:0',
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^flumen: There is no native addon of flumen for darwin-x64\./m);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  /** Options for node that make it believe to be in `place`. */
  function faked({ platform, arch = 'x64', glibc }: Place): string[] {
    const facts = { platform: { value: platform }, arch: { value: arch } };
    const report = { header: { glibcVersionRuntime: glibc } };
    const text = `Object.defineProperties(process, ${JSON.stringify(facts)});
      process.report.getReport = () => (${JSON.stringify(report)});`;
    return ['--import', `data:text/javascript,${encodeURIComponent(text)}`];
  }

  function tryOn(place: Place): { code: string; message: string; others: string[] } {
    const program = `
      const flumen = await import(${JSON.stringify(join(home, 'dist/index.js'))});
      const others = [typeof flumen.createServer, typeof flumen.Caps, '1/2'];
      try { new flumen.MultiSocketSink(); } catch ({ code, message }) { console.log(JSON.stringify({ code, message, others })); }`;
    const args = [...faked(place), '--input-type=module', '-e', program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }
});
