import { describe, expect, it } from 'vitest';
import { icyParts } from '../sink/support.js';
import { AUTH, ask, Peer, publish, serve } from './support.js';

const INTERVAL = 16_000;

/** A listener who asks for titles. */
const listenForTitles = (port: number, path = '/live.mp3') =>
  new Peer(port).send(`GET ${path} HTTP/1.1\r\nHost: x\r\nIcy-MetaData:1\r\n\r\n`).receives('\r\n\r\n');

const update = (port: number, query: string, ...lines: string[]) =>
  ask(port, `GET /admin/metadata?${query} HTTP/1.0`, ...lines);

const done = '<iceresponse><message>Metadata update successful</message><return>1</return></iceresponse>';

describe('titles in the stream', () => {
  it('a listener who asks gets icy-metaint and the titles, the others just the stream', async () => {
    const { port } = await serve();
    const source = await publish(port);
    expect(await update(port, 'mode=updinfo&mount=/live.mp3&song=Artist%20-%20It%27s', AUTH)).toMatch(
      /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Content-Type: text\/xml/,
    );
    const [asks, plain] = await Promise.all([
      listenForTitles(port),
      new Peer(port).send('GET /live.mp3 HTTP/1.1\r\n\r\n').receives('\r\n\r\n'),
    ]);
    expect(asks.text).toMatch(/\r\nicy-metaint:16000\r\n/);
    expect(asks.text).toMatch(/\r\nAccess-Control-Expose-Headers: [^\r]*icy-metaint/);
    expect(plain.text).not.toMatch(/\r\nicy-metaint:/);
    const music = 'x'.repeat(INTERVAL + 10);
    source.send(music);
    await plain.until(() => plain.body.length === music.length);
    await asks.until(() => asks.body.length === music.length + 1 + 32);
    expect(icyParts(asks.body.toString('latin1'), INTERVAL)).toEqual({
      media: music,
      titles: [[INTERVAL, "StreamTitle='Artist - It's';"]],
    });
  });

  it('also as the second request of a connection, and HEAD says so too', async () => {
    const { port } = await serve();
    const source = await publish(port);
    const peer = new Peer(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.receives('{"status":"ok"}');
    peer.send('GET /live.mp3 HTTP/1.1\r\nHost: x\r\nIcy-MetaData: 1\r\n\r\n');
    await peer.receives('icy-metaint: 16000\r\n');
    source.send('x'.repeat(INTERVAL + 1));
    await peer.receives('\0x');
    const head = await ask(port, 'HEAD /live.mp3 HTTP/1.1', 'Icy-MetaData: 1');
    expect(head).toMatch(/\r\nicy-metaint:16000\r\n/);
  });

  it.each(['audio/ogg', 'application/ogg', 'video/webm; codecs="vp8"'])(
    '%s has titles of its own',
    async (type) => {
      const { port } = await serve();
      await publish(port, '/live', `Content-Type: ${type}`);
      expect((await listenForTitles(port, '/live')).text).not.toMatch(/\r\nicy-metaint:/);
    },
  );
});

describe('/admin/metadata', () => {
  it.each([
    ['UTF-8', 'song=Gr%C3%B6%C3%9Fe', 'Größe'],
    ['Latin-1', 'song=Gr%F6%DFe', 'Größe'],
    ['a charset', 'charset=KOI8-R&song=%F0', 'П'],
    ['a charset that nobody knows', 'charset=klingon&song=x', 'x'],
    ['artist and title', 'artist=A+%26+B&title=T', 'A & B - T'],
    ['a title alone', 'title=T', 'T'],
    ['a path as libshout writes it', 'mount=%2flive%2emp3&song=x', 'x'],
  ])('takes %s', async (_, query, title) => {
    const { port, server, url } = await serve();
    await publish(port);
    const mount = query.includes('mount=') ? '' : 'mount=/live.mp3&';
    expect(await update(port, `mode=updinfo&${mount}${query}`, AUTH)).toContain(done);
    expect(server.mounts.get('/live.mp3')?.status.title).toBe(title);
    const status = await (await fetch(`${url}/status-json.xsl`)).json();
    expect(status).toMatchObject({ icestats: { source: { title } } });
  });

  it('refuses what it should', async () => {
    const { port, server } = await serve();
    await publish(port);
    const query = 'mode=updinfo&mount=/live.mp3&song=x';
    const wrong = `Authorization: Basic ${Buffer.from('source:wrong').toString('base64')}`;
    expect(await update(port, query)).toMatch(/^HTTP\/1\.1 401 [\s\S]*WWW-Authenticate: Basic/);
    expect(await update(port, query, wrong)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await update(port, 'mode=updinfo&mount=/other&song=x', AUTH)).toMatch(
      /400 [\s\S]*Source does not exist/,
    );
    expect(await update(port, 'mount=/live.mp3&song=x', AUTH)).toMatch(/400 [\s\S]*mode must be updinfo/);
    expect(await update(port, 'mode=updinfo&mount=/live.mp3', AUTH)).toMatch(/400 [\s\S]*must say what/);
    expect(await ask(port, `POST /admin/metadata?${query} HTTP/1.0`, AUTH)).toMatch(/^HTTP\/1\.1 405 /);
    expect(await ask(port, 'GET /admin/other HTTP/1.0')).toMatch(/^HTTP\/1\.1 404 /);
    expect(server.mounts.get('/live.mp3')?.status.title).toBeUndefined();
  });

  it('a new source begins without a title', async () => {
    const { port, server } = await serve();
    const first = await publish(port);
    await update(port, 'mode=updinfo&mount=/live.mp3&song=old', AUTH);
    const gone = new Promise((resolve) => server.once('source-gone', resolve));
    first.socket.end();
    await gone;
    await publish(port);
    expect(server.mounts.get('/live.mp3')?.status.title).toBeUndefined();
  });
});
