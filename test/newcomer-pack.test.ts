// What somebody gets who installs the published package on a machine without a compiler.
// Slow (it compiles the addon from nothing), so vitest.config.ts includes it with FLUMEN_FULL=1 only.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const runFile = promisify(execFile);

/** A program that adds one real client to a sink and prints what the client received. */
const program = `
import { once } from 'node:events';
import net from 'node:net';
import { MultiSocketSink } from 'flumen';
const sink = new MultiSocketSink();
const server = net.createServer((socket) => {
  sink.add(socket);
  sink.push('one live source');
  void sink.end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const client = net.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
let text = '';
client.on('data', (data) => { text += data; });
await once(client, 'end');
server.close();
console.log(JSON.stringify({ text }));
`;

describe('the published package', () => {
  let place: string;

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'flumen-pack-'));
  });
  afterAll(() => {
    rmSync(place, { recursive: true });
  });

  it('installs and streams where there is no compiler', async () => {
    const copy = await copyOfSources();
    const npm = await npmProgram();
    await runFile(process.execPath, ['scripts/prebuilds.mjs'], { cwd: copy });
    await runFile(process.execPath, [npm, 'pack', '--pack-destination', place], { cwd: copy });

    const app = join(place, 'app');
    const env = { ...process.env, PATH: bareFolder() };
    const tarball = join(place, `flumen-${await version()}.tgz`);
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }');
    writeFileSync(join(app, 'main.js'), program);
    await runFile(process.execPath, [npm, 'install', '--no-audit', '--no-fund', tarball], { cwd: app, env });
    const { stdout } = await runFile(process.execPath, ['main.js'], { cwd: app, env, timeout: 30_000 });
    expect(JSON.parse(stdout)).toEqual({ text: 'one live source' });
  });

  it('is refused by npm pack when it has no binary', async () => {
    const copy = await copyOfSources();
    const packed = runFile(process.execPath, [await npmProgram(), 'pack'], { cwd: copy });
    await expect(packed).rejects.toThrow(/prebuilds\/.*\.node is missing/);
  });

  /** The files that git knows or would take, as they are now, in a folder of their own: build/ here is in use by other tests. */
  async function copyOfSources() {
    const copy = mkdtempSync(join(place, 'sources-'));
    const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
    const { stdout } = await runFile('git', listing, { cwd: root, maxBuffer: 1 << 24 });
    for (const file of stdout.split('\0')) {
      if (file !== '') cpSync(join(root, file), join(copy, file));
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    return copy;
  }

  /** A folder for PATH that holds node, sh and nothing else. */
  function bareFolder() {
    const bare = join(place, 'bin');
    mkdirSync(bare);
    symlinkSync(process.execPath, join(bare, 'node'));
    symlinkSync('/bin/sh', join(bare, 'sh'));
    return bare;
  }

  /** npm's own program file, since the bare PATH has no npm. */
  async function npmProgram() {
    const found = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'npm'));
    found.unshift(join(dirname(process.execPath), 'npm'));
    for (const file of found) {
      try {
        return realpathSync(file);
      } catch {
        // not in this folder
      }
    }
    throw new Error('npm is not in PATH');
  }

  async function version() {
    return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).version as string;
  }
});
