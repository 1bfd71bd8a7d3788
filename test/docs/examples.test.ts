// Every program of examples/ in the folder of somebody who has installed the package, doing what it is there for.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { Client } from '../handoff/support.js';
import { BROWSER_ARGS, CHROMIUM } from '../players/browser.js';
import { root } from './pages.js';
import { packedApp } from './place.js';

const examples = mkdtempSync(join(packedApp(), 'examples-'));
cpSync(join(root, 'examples'), examples, { recursive: true });
afterAll(() => rmSync(examples, { recursive: true }));

const tried = new Set<string>();
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Starts an example on free ports and waits for the line that says where it listens. */
async function start(name: string, says: 'stdout' | 'stderr' = 'stdout') {
  tried.add(`${name}.mjs`);
  const child = spawn(process.execPath, [`${name}.mjs`, '0', '0', '0'], { cwd: examples });
  undo.push(() => stop(child));
  const said = createInterface({ input: child[says] });
  const lines: string[] = [];
  said.on('line', (text) => lines.push(text));
  let over = false;
  const closed = once(said, 'close').then(() => {
    over = true;
  });
  /** The first line that matches, of those already said or still to come. */
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = lines.map((text) => pattern.exec(text)).find(Boolean);
      if (found) return found;
      if (over) throw new Error(`${name} ended without a line like ${pattern}`);
      await Promise.race([once(said, 'line'), closed]);
    }
  };
  const [, list = ''] = await line(/^listening on (?:http:\/\/)?127\.0\.0\.1:([\d, ]+)/);
  const ports = list.split(', ').map(Number);
  return { child, port: ports[0] as number, ports, line };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

const tick = /\d{4}-\d\d-\d\dT[\d:.]{12}Z\n/;

/** Fetches with curl until three ticks have come, and gives head and body. */
async function listenToThree(port: number, path: string): Promise<string> {
  const child = spawn('curl', ['-sSNi', '--max-time', '20', `http://127.0.0.1:${port}${path}`]);
  undo.push(() => stop(child));
  let text = '';
  for await (const data of child.stdout) {
    text += data;
    if (text.match(new RegExp(tick, 'g'))?.length === 3) break;
  }
  await stop(child);
  return text;
}

async function head(port: number, path: string): Promise<string> {
  const args = ['-sSI', '--max-time', '20', `http://127.0.0.1:${port}${path}`];
  return new Promise((resolve, reject) => {
    execFile('curl', args, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

describe('example', () => {
  it('http: streams, answers HEAD, reports who has left', async () => {
    const { port, line } = await start('http');
    const text = await listenToThree(port, '/');
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nAccess-Control-Allow-Origin: \*\r\n/,
    );
    expect(text).toMatch(new RegExp(`\\r\\n\\r\\n(${tick.source}){3}$`));
    await line(/^127\.0\.0\.1 left: closed, \d+ bytes$/);
    expect(await head(port, '/')).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\n/);
  });

  it('express: streams through its middleware, answers HEAD', async () => {
    const { port } = await start('express');
    const text = await listenToThree(port, '/live');
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nX-Powered-By: Express\r\nAccess-Control-Allow-Origin: \*\r\n/,
    );
    expect(text).toMatch(new RegExp(`\\r\\n\\r\\n(${tick.source}){3}$`));
    expect(await head(port, '/live')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it('fastify: streams a hijacked reply', async () => {
    const { port } = await start('fastify');
    const text = await listenToThree(port, '/live');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nConnection: close\r\n/);
    expect(text).toMatch(new RegExp(`\\r\\n\\r\\n(${tick.source}){3}$`));
    expect(await head(port, '/live')).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('tcp: greets, then streams', async () => {
    const { port } = await start('tcp');
    const client = new Client(port);
    undo.push(() => client.socket.destroy());
    const text = await client.until((all) => (all.match(new RegExp(tick, 'g'))?.length ?? 0) >= 2);
    expect(text).toMatch(new RegExp(`^welcome\\n(${tick.source}){2}`));
  });

  it('pipe: copies standard input to standard output and to a client, then ends', async () => {
    const { child, port } = await start('pipe', 'stderr');
    const client = new Client(port);
    let copy = '';
    child.stdout.on('data', (data) => (copy += data));
    // The client is in the sink when it gets what is sent after it has connected.
    await once(client.socket, 'connect');
    let sent = '';
    const feed = setInterval(() => {
      sent += 'frame;';
      child.stdin.write('frame;');
    }, 20);
    undo.push(() => clearInterval(feed));
    await client.until('frame;');
    clearInterval(feed);
    sent += 'END';
    child.stdin.end('END');
    await Promise.all([client.closed, once(child, 'close')]);
    expect(copy).toBe(sent);
    expect(client.text.endsWith('frame;END')).toBe(true);
    expect(child.exitCode).toBe(0);
  });

  it('serve: takes an encoder, lets listeners in who have the token, tells who has left', async () => {
    const { port, line } = await start('serve');
    const sound = '-v error -re -f lavfi -i sine -f mp3'.split(' ');
    program('ffmpeg', ...sound, `icecast://source:sesame@127.0.0.1:${port}/live.mp3`);
    await line(/^\/live\.mp3 is on the air: audio\/mpeg$/);
    expect((await fetch(`http://127.0.0.1:${port}/live.mp3?token=guessed`)).status).toBe(403);
    const listener = new Client(port);
    listener.get('/live.mp3?token=open');
    await listener.until((all) => /\r\n\r\n./s.test(all));
    expect(listener.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    listener.socket.destroy();
    await line(/^127\.0\.0\.1 left \/live\.mp3: closed, \d+ bytes$/);
  });

  it('sse: gives a newcomer what was last said, event by event', async () => {
    const { port } = await start('sse');
    const listener = new Client(port);
    listener.get('/events');
    const text = await listener.until((all) => all.split('event: load').length > 2);
    expect(text).toMatch(/^Content-Type: text\/event-stream\r$/m);
    const [body = ''] = text.split('\r\n\r\n').slice(-1);
    expect(body).toMatch(/^(id: \d+\nevent: load\ndata: \[[\d.,]+\]\n\n){2}/);
    listener.socket.destroy();
  });

  it('mjpeg-wall: gives whole pictures from the first byte of the body', async () => {
    const { port } = await start('mjpeg-wall');
    const viewer = new Client(port);
    viewer.get('/smptebars');
    const text = await viewer.until((all) => all.split('--ffmpeg').length > 3);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    expect(body).toMatch(
      /^--ffmpeg\r\nContent-type: image\/jpeg\r\nContent-length: \d+\r\n\r\n\xff\xd8\xff/i,
    );
    viewer.socket.destroy();
  });

  it('websocket: sends the headers, then a message for each picture', async () => {
    const { port } = await start('websocket');
    const viewer = new WebSocket(`ws://127.0.0.1:${port}/video`);
    undo.push(() => viewer.terminate());
    const boxes: string[] = [];
    viewer.on('message', (data: Buffer) => boxes.push(data.toString('latin1', 4, 8)));
    while (boxes.length < 3) await once(viewer, 'message');
    expect(boxes.slice(0, 3)).toEqual(['ftyp', 'moof', 'moof']);
  });

  it('gstreamer: from one pipeline to another, and to who wants plain WebM', async () => {
    const { ports, line } = await start('gstreamer');
    const [from, to, web] = ports as [number, number, number];
    const pictures =
      'videotestsrc is-live=true ! vp8enc deadline=1 keyframe-max-dist=10 ! webmmux streamable=true';
    program(
      'gst-launch-1.0',
      ...`${pictures} ! gdppay ! tcpclientsink host=127.0.0.1 port=${from}`.split(' '),
    );
    await line(/^a pipeline sends$/);
    const viewer = new Client(web);
    viewer.get('/');
    await viewer.until('\r\n\r\n\x1a\x45\xdf\xa3');
    viewer.socket.destroy();
    const decoded = '! gdpdepay ! matroskademux ! vp8dec ! fdsink';
    const receiver = program(
      'gst-launch-1.0',
      '-q',
      ...`tcpclientsrc host=127.0.0.1 port=${to} ${decoded}`.split(' '),
    );
    const picture = (320 * 240 * 3) / 2;
    let bytes = 0;
    for await (const data of receiver.stdout!) {
      bytes += data.length;
      if (bytes >= 5 * picture) break;
    }
    expect(bytes).toBeGreaterThanOrEqual(5 * picture);
  });

  it('the pages of sse, mjpeg-wall and websocket show in a browser what they promise', async () => {
    const [browser, sse, wall, video] = await Promise.all([
      chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGS }),
      start('sse'),
      start('mjpeg-wall'),
      start('websocket'),
    ]);
    undo.push(() => browser.close());
    const shows = async (port: number, condition: string) => {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${port}/`, { waitUntil: 'commit' });
      await page.waitForFunction(condition, undefined, { timeout: 20_000 });
      await page.close();
    };
    await shows(sse.port, `document.querySelector('pre')?.textContent.split('\\n').length > 2`);
    await shows(
      wall.port,
      `document.images.length === 4 && [...document.images].every((image) => image.naturalWidth === 320)`,
    );
    await shows(
      video.port,
      `document.querySelector('video')?.currentTime > 0 && document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 10`,
    );
  });

  it('all have been tried', () => {
    expect([...tried].sort()).toEqual(readdirSync(examples).sort());
  });
});

/** Something from outside that takes part; it is ended with the test. */
function program(command: string, ...args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  undo.push(() => stop(child));
  return child;
}
