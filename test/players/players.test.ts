// The programs that people really use, on both ends: ffmpeg, curl and libshout (oggfwd) publish; curl, ffmpeg and
// Chromium listen.
/// <reference lib="dom" />

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { event, later, listen, PASSWORD, type Program, run, serve, wrote } from '../server/support.js';
import { BROWSER_ARGS, CHROMIUM } from './browser.js';

const have = (command: string) =>
  (process.env.PATH ?? '').split(':').some((dir) => existsSync(join(dir, command)));
const missing = ['ffmpeg', 'curl', 'oggfwd'].filter((command) => !have(command));
if (!existsSync(CHROMIUM)) missing.push('chromium');
if (missing.length > 0 && process.env.CI)
  throw new Error(`With CI set a missing program is a failure: ${missing}`);

const SINE = ['-re', '-f', 'lavfi', '-i', 'sine'];
const PLAIN = ['-id3v2_version', '0', '-write_xing', '0'];

const ffmpeg = (...args: string[]) => run('ffmpeg', ['-hide_banner', '-v', 'error', '-nostdin', ...args]);
const curl = (...args: string[]) => run('curl', ['-sS', '-N', ...args]);

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'flumen-players-'));
  later(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Ends a program as a user does with Ctrl-C. */
async function interrupt(program: Program): Promise<number | string> {
  program.kill('SIGINT');
  return program.ended;
}

describe.skipIf(missing.length > 0)('ffmpeg as source', () => {
  it('publishes as typed in every manual; curl gets its bytes, ffmpeg and ffprobe understand them', async () => {
    const { server, port, url } = await serve();
    const connected = event(server, 'source-connected');
    // The tee writes to a file what goes to the server.
    const sent = join(folder(), 'sent.mp3');
    const options = 'f=mp3:id3v2_version=0:write_xing=0';
    const target = `icecast\\://source\\:${PASSWORD}@127.0.0.1\\:${port}/live.mp3`;
    const source = ffmpeg(
      ...SINE,
      '-c:a',
      'libmp3lame',
      '-map',
      '0',
      '-f',
      'tee',
      `[${options}]${sent}|[${options}]${target}`,
    );
    await connected;
    const listener = curl(`${url}/live.mp3`);
    const late = ffmpeg('-i', `${url}/live.mp3`, '-t', '0.5', '-f', 's16le', 'pipe:1');
    await wrote(listener, ({ stdout }) => stdout.length > 20_000);
    expect(await late.ended).toBe(0);
    expect(late.output.stdout.length).toBe(44_100);
    await interrupt(listener);
    await interrupt(source);
    const all = readFileSync(sent);
    const got = listener.output.stdout;
    expect(all.length).toBeGreaterThan(got.length);
    expect(all.includes(got)).toBe(true);
  });

  it('is told when it may not: wrong password, mount in use', async () => {
    const { port } = await serve({ demo: true });
    const publish = (password: string, path: string) =>
      ffmpeg(...SINE, ...PLAIN, '-f', 'mp3', `icecast://source:${password}@127.0.0.1:${port}${path}`);
    const wrong = publish('wrong', '/live.mp3');
    expect(await wrong.ended).not.toBe(0);
    expect(wrong.output.stderr).toMatch(/401/);
    const busy = publish(PASSWORD, '/demo.mp3');
    expect(await busy.ended).not.toBe(0);
    expect(busy.output.stderr).toMatch(/403/);
  });

  it('works with -legacy_icecast and with metadata', async () => {
    const { server, port, url } = await serve();
    const connected = event(server, 'source-connected');
    const source = ffmpeg(
      ...SINE,
      ...['-f', 'mp3', '-legacy_icecast', '1', '-ice_name', 'Größe', '-ice_genre', 'G'],
      `icecast://source:${PASSWORD}@127.0.0.1:${port}/live.mp3`,
    );
    await connected;
    const peer = await listen(port);
    await peer.until(() => peer.body.length > 2000);
    expect(peer.bytes.toString('utf8')).toMatch(/\r\nicy-name:Größe\r\n/);
    const status = (await (await fetch(`${url}/status-json.xsl`)).json()) as { icestats: { source: object } };
    expect(status.icestats.source).toMatchObject({
      server_name: 'Größe',
      genre: 'G',
      server_type: 'audio/mpeg',
    });
    await interrupt(source);
  });
});

describe.skipIf(missing.length > 0)('curl as source', () => {
  it('uploads a pipe in chunks and ends well', async () => {
    const { server, port, url } = await serve();
    const connected = event(server, 'source-connected');
    const gone = event(server, 'source-gone');
    const source = curl(
      '-i',
      '-T',
      '-',
      '-u',
      `source:${PASSWORD}`,
      '-H',
      'Content-Type: text/plain',
      `${url}/up.mp3`,
    );
    source.stdin.write('first ');
    await connected;
    const peer = await listen(port, '/up.mp3');
    await peer.receives('first ');
    source.stdin.end('last');
    expect((await gone)[1]).toBeUndefined();
    expect(await source.ended).toBe(0);
    expect(source.output.stdout.toString()).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    await peer.receives('first last');
  });

  it('uploads a file with its length, with and without Expect', async () => {
    const { server, url } = await serve();
    const file = new URL('../../web/demo.mp3', import.meta.url).pathname;
    for (const [path, ...more] of [
      ['/a.mp3'],
      ['/b.mp3', '-H', 'Expect:'],
      ['/c.mp3', '-H', 'Expect: 100-continue'],
    ]) {
      const gone = event(server, 'source-gone');
      const source = curl('-w', '%{http_code}', '-T', file, '-u', `source:${PASSWORD}`, ...more, url + path);
      expect(await source.ended, source.output.stderr).toBe(0);
      expect(source.output.stdout.toString()).toBe('200');
      expect((await gone)[1]).toBeUndefined();
    }
  });

  it('is told when it may not', async () => {
    const { url } = await serve();
    const source = curl('-i', '-T', '-', '-u', 'source:wrong', `${url}/up.mp3`);
    source.stdin.end('x');
    expect(await source.ended).toBe(0);
    expect(source.output.stdout.toString()).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe.skipIf(missing.length > 0)('libshout as source', () => {
  it('is let in after its question without password, and its Ogg plays', async () => {
    const { server, port, url } = await serve();
    const connected = event(server, 'source-connected');
    const encoder = ffmpeg(...SINE, '-c:a', 'libvorbis', '-f', 'ogg', 'pipe:1');
    const source = run('oggfwd', ['-n', 'from libshout', '127.0.0.1', String(port), PASSWORD, '/live.ogg']);
    encoder.stdout.pipe(source.stdin);
    await connected;
    const listener = ffmpeg('-i', `${url}/live.ogg`, '-t', '0.5', '-f', 's16le', 'pipe:1');
    expect(await listener.ended, listener.output.stderr).toBe(0);
    expect(listener.output.stdout.length).toBe(44_100);
    const status = (await (await fetch(`${url}/status-json.xsl`)).json()) as { icestats: { source: object } };
    expect(status.icestats.source).toMatchObject({ server_name: 'from libshout' });
    const gone = event(server, 'source-gone');
    await interrupt(source);
    await gone;
  });
});

describe.skipIf(missing.length > 0)('Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS });
  });
  afterAll(() => browser?.close());

  it('plays the demo and an ffmpeg mount from the first page', async () => {
    const { server, port, url } = await serve({ demo: true, sourceGrace: 100 });
    const connected = event(
      server,
      'source-connected',
      (mount: { path: string }) => mount.path === '/live.mp3',
    );
    const name = '<img src=x onerror=document.title="broken">';
    const target = `icecast://source:${PASSWORD}@127.0.0.1:${port}/live.mp3`;
    const source = ffmpeg(...SINE, '-ice_name', name, '-f', 'mp3', target);
    await connected;
    const page = await browser.newPage();
    later(() => page.close());
    const complaints: string[] = [];
    page.on(
      'console',
      (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()),
    );
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    for (const path of ['/demo.mp3', '/live.mp3']) {
      const audio = page.locator(`[data-mount="${path}"] audio`);
      await audio.evaluate((element) => void (element as HTMLMediaElement).play());
      await page.waitForFunction(
        (at) => (document.querySelector(`[data-mount="${at}"] audio`) as HTMLMediaElement).currentTime > 0.5,
        path,
      );
    }
    // What a source says about itself stays text.
    expect(await page.locator('[data-mount="/live.mp3"] h2').textContent()).toBe(name);
    expect(await page.title()).toBe('flumen');
    await page.waitForFunction(() => document.body.innerText.includes('1 listening'));
    const ended = event(server, 'mount-ended');
    await interrupt(source);
    await ended;
    await page.waitForFunction(() => document.querySelectorAll('[data-mount]').length === 1);
    expect(complaints).toEqual([]);
  });

  it('says what to do when nothing is on the air', async () => {
    const { port, url } = await serve();
    const page = await browser.newPage();
    later(() => page.close());
    await page.goto(url);
    await page.locator('#empty').waitFor();
    expect(await page.locator('#publish').textContent()).toContain(
      `icecast://source:PASSWORD@127.0.0.1:${port}/`,
    );
  });
});
