import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { MultiSocketSink, type SinkOptions } from '../../lib/index.js';
import type { AddOptions } from '../../lib/sink/client.js';
import { icyParts, reader, tcpPair } from './support.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function makeSink(options: SinkOptions = {}): MultiSocketSink {
  const sink = new MultiSocketSink(options);
  undo.push(() => sink.close());
  return sink;
}

async function serve(handler: http.RequestListener): Promise<number> {
  const server = http.createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** All that a GET of this version is answered. */
async function get(port: number, version = '1.1', act: () => unknown = () => {}): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  undo.push(() => socket.destroy());
  const got = reader(socket);
  socket.write(`GET / HTTP/${version}\r\nHost: x\r\nIcy-MetaData: 1\r\n\r\n`);
  await act();
  return (await got.all()).text;
}

const body = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

describe('framing icy', () => {
  it('titles stand at their interval, each with the bytes it belongs to; headers count, the head does not', async () => {
    const sink = makeSink({ syncMethod: 'burst', burstMin: { frames: 100 } });
    sink.setStreamState({ headers: [Buffer.from('<header>')], title: 'first' });
    sink.push('a'.repeat(500));
    sink.setStreamState({ title: 'second' });
    sink.push('b'.repeat(500));
    const { near, far } = await tcpPair();
    sink.add(near, { framing: 'icy', icyInterval: 256, head: Buffer.from('head') });
    sink.push('c'.repeat(300));
    const ended = sink.end();
    const { text } = await reader(far).all();
    far.destroy();
    await ended;
    expect(text.slice(0, 4)).toBe('head');
    const { media, titles } = icyParts(text.slice(4), 256);
    expect(media).toBe(`<header>${'a'.repeat(500)}${'b'.repeat(500)}${'c'.repeat(300)}`);
    expect(titles).toEqual([
      [256, "StreamTitle='first';"],
      [512, "StreamTitle='second';"],
      [768, ''],
      [1024, ''],
      [1280, ''],
    ]);
  });

  it('a title alone sends no headers, and nothing to those who asked for none', async () => {
    const sink = makeSink();
    const { near, far } = await tcpPair();
    sink.add(near);
    sink.setStreamState({ title: 'x' });
    sink.setStreamState({ headers: [Buffer.from('<h>')] });
    sink.push('1');
    sink.setStreamState({ title: 'y' });
    sink.push('2');
    sink.setStreamState({});
    sink.push('3');
    expect(await reader(far).until(6)).toBe('<h>123');
    far.destroy();
  });

  it('a title change in the middle of an in-band copy of the headers leaves it a copy', async () => {
    const sink = makeSink();
    const { near, far } = await tcpPair();
    sink.add(near);
    sink.setStreamState({ headers: [Buffer.from('<header>')] });
    sink.push('<hea', { header: true });
    sink.setStreamState({ title: 'x' });
    sink.push('der>', { header: true });
    sink.push('media');
    expect(await reader(far).until(13)).toBe('<header>media');
    far.destroy();
  });

  it('UTF-8, apostrophes and overlong titles', async () => {
    const sink = makeSink();
    const { near, far } = await tcpPair();
    sink.add(near, { framing: 'icy', icyInterval: 256 });
    sink.push('.'.repeat(256));
    for (const title of ["Café - it's", '€'.repeat(2000), '']) {
      sink.setStreamState({ title });
      sink.push('.'.repeat(256));
    }
    sink.push('.');
    const got = await reader(far).until(256 * 4 + 33 + 4081 + 17 + 2);
    const { titles } = icyParts(got, 256);
    expect(titles.map(([, title]) => Buffer.from(title, 'latin1').toString())).toEqual([
      "StreamTitle='Café - it's';",
      `StreamTitle='${'€'.repeat(1355)}';`,
      "StreamTitle='';",
      '',
    ]);
    far.destroy();
  });

  it('refuses what is out of place', async () => {
    const sink = makeSink();
    const { near, far } = await tcpPair();
    const add = (options: object) => () => sink.add(near, options as AddOptions);
    expect(add({ framing: 'icy', icyInterval: 255 })).toThrow(/icyInterval must be from 256 to 1048576/);
    expect(add({ framing: 'icy', icyInterval: 2 ** 20 + 1 })).toThrow(RangeError);
    expect(add({ framing: 'icy', icyInterval: '1' })).toThrow(/icyInterval must be a number/);
    expect(add({ icyInterval: 1000 })).toThrow(/icyInterval is for framing icy only/);
    expect(() => sink.setStreamState({ title: 7 } as never)).toThrow(/title must be a string, not 7/);
    far.destroy();
    near.destroy();
  });
});

describe('framing icy on an http response', () => {
  const stream = (sink: MultiSocketSink) => async () => {
    await once(sink, 'client-added');
    sink.setStreamState({ title: 'now' });
    sink.push('m'.repeat(600));
    await sink.end();
  };

  it.each(['1.0', '1.1'])('HTTP/%s: the head announces it, and the body is not chunked', async (version) => {
    const sink = makeSink();
    const port = await serve((_request, response) => {
      response.setHeader('icy-name', 'N');
      sink.add(response, { framing: 'icy', icyInterval: 256 });
    });
    const answer = await get(port, version, stream(sink));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/\r\nicy-metaint: 256\r\n/);
    expect(answer).toMatch(/\r\nicy-name: N\r\n/);
    expect(answer).toMatch(/\r\nConnection: close\r\n/i);
    expect(answer).not.toMatch(/Transfer-Encoding/i);
    const { media, titles } = icyParts(body(answer), 256);
    expect(media).toBe('m'.repeat(600));
    expect(titles).toEqual([
      [256, "StreamTitle='now';"],
      [512, ''],
    ]);
  });

  it("the app's own icy-metaint is the interval; its head option is the beginning of the body", async () => {
    const sink = makeSink();
    const port = await serve((_request, response) => {
      response.setHeader('Icy-MetaInt', '300');
      sink.add(response, { framing: 'icy', head: Buffer.from('i'.repeat(400)) });
    });
    const answer = await get(port, '1.1', stream(sink));
    expect(answer.match(/icy-metaint/gi)).toHaveLength(1);
    const { media, titles } = icyParts(body(answer), 300);
    expect(media).toBe('i'.repeat(400) + 'm'.repeat(600));
    expect(titles.map(([at]) => at)).toEqual([300, 600, 900]);
  });

  it('is 16,000 where nobody says anything', async () => {
    const sink = makeSink();
    const port = await serve((_request, response) => void sink.add(response, { framing: 'icy' }));
    expect(await get(port, '1.1', stream(sink))).toMatch(/\r\nicy-metaint: 16000\r\n/);
  });

  it.each<[string, string, (response: http.ServerResponse) => unknown, RegExp, AddOptions]>([
    ['a head that says chunked', '1.1', (r) => r.writeHead(200, { 'icy-metaint': '16000' }), /chunked/, {}],
    ['a body that has begun', '1.0', (r) => r.write('x'), /its body has begun/, {}],
    [
      'another interval',
      '1.1',
      (r) => r.setHeader('icy-metaint', '1000'),
      /is not what the head/,
      { icyInterval: 2000 },
    ],
    ['no number', '1.1', (r) => r.setHeader('icy-metaint', 'often'), /must be a whole number/, {}],
  ])('refuses %s, and the response can still be answered', async (_, version, prepare, words, options) => {
    const sink = makeSink();
    let thrown: unknown;
    const port = await serve((_request, response) => {
      prepare(response);
      try {
        sink.add(response, { framing: 'icy', ...options });
      } catch (error) {
        thrown = error;
        response.shouldKeepAlive = false;
        response.end('instead');
      }
    });
    expect(await get(port, version)).toMatch(/instead/);
    expect(String(thrown)).toMatch(words);
    expect(sink.size).toBe(0);
  });

  it('a head that is written without icy-metaint is refused', async () => {
    const sink = makeSink();
    let thrown: { code?: string } = {};
    const port = await serve((_request, response) => {
      response.writeHead(200);
      try {
        sink.add(response, { framing: 'icy' });
      } catch (error) {
        thrown = error as { code: string };
        response.end();
      }
    });
    await get(port, '1.0');
    expect(thrown.code).toBe('ERR_FLUMEN_ICY');
  });

  it('leaves no icy-metaint behind when the handoff fails', async () => {
    const sink = makeSink();
    const port = await serve((request, response) => {
      expect(request.method).toBe('HEAD');
      expect(() => sink.add(response, { framing: 'icy' })).toThrow(/HEAD/);
      expect(response.hasHeader('icy-metaint')).toBe(false);
      response.end();
    });
    await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' });
    expect(sink.size).toBe(0);
  });

  it('other framings stay the matter of the head', async () => {
    const sink = makeSink();
    const port = await serve((_request, response) => {
      expect(() => sink.add(response, { framing: 'chunked' })).toThrow(/except icy/);
      response.end();
    });
    await fetch(`http://127.0.0.1:${port}/`);
  });
});

const have = (command: string) =>
  (process.env.PATH ?? '').split(':').some((dir) => existsSync(join(dir, command)));
const missing = ['ffprobe'].filter((command) => !have(command));
if (missing.length > 0 && process.env.CI)
  throw new Error(`With CI set a missing program is a failure: ${missing}`);

describe.skipIf(missing.length > 0)('framing icy, heard by ffprobe', () => {
  it('finds the title, and no byte of it among the music', async () => {
    const sink = makeSink({ syncMethod: 'burst', burstMin: { bytes: 200_000 } });
    sink.setStreamState({ title: "Flumen - it's a río" });
    const music = readFileSync(new URL('../../web/demo.mp3', import.meta.url));
    for (let at = 0; at < music.length; at += 1000) sink.push(music.subarray(at, at + 1000));
    const port = await serve((_request, response) => {
      response.setHeader('Content-Type', 'audio/mpeg');
      sink.add(response, { framing: 'icy', icyInterval: 1000 });
      sink.end();
    });
    const url = `http://127.0.0.1:${port}/`;
    const { stdout, stderr } = await promisify(execFile)('ffprobe', [
      ...['-v', 'warning', '-show_entries', 'format_tags:packet=pos,size', '-of', 'compact', url],
    ]);
    expect(stdout).toContain("tag:StreamTitle=Flumen - it's a río");
    expect(stderr).not.toMatch(/missing|invalid/i);
    // Every packet of the file is there, whole.
    const sizes = [...stdout.matchAll(/packet\|size=(\d+)/g)].map(([, size]) => Number(size));
    const { stdout: plain } = await promisify(execFile)('ffprobe', [
      ...['-v', 'error', '-show_entries', 'packet=size', '-of', 'csv=p=0', '-f', 'mp3'],
      new URL('../../web/demo.mp3', import.meta.url).pathname,
    ]);
    expect(sizes).toEqual([...plain.matchAll(/\d+/g)].map(([size]) => Number(size)));
  });
});
