import { describe, expect, it } from 'vitest';
import { AUTH, ask, event, listen, Peer, publish, serve } from './support.js';

type Status = { icestats: { source?: unknown } };

const basic = (text: string) => `Authorization: Basic ${Buffer.from(text).toString('base64')}`;

describe('answers to sources', () => {
  it('100 Continue and not a byte more for Expect, 200 at once without', async () => {
    const { port } = await serve();
    const expecting = await publish(port, '/a');
    expect(expecting.text).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    const plain = new Peer(port).send(`PUT /b HTTP/1.1\r\n${AUTH}\r\n\r\n`);
    await plain.receives('\r\n\r\n');
    expect(plain.text).toBe('HTTP/1.1 200 OK\r\n\r\n');
    for (const [path, protocol] of [
      ['/c', 'HTTP/1.0'],
      ['/d', 'ICE/1.0'],
    ]) {
      const source = new Peer(port).send(`SOURCE ${path} ${protocol}\r\n${AUTH}\r\n\r\n`);
      await source.receives('\r\n\r\n');
      expect(source.text).toBe('HTTP/1.0 200 OK\r\n\r\n');
    }
  });

  it("401 to libshout's first request, which leads on to PUT and does not take the mount", async () => {
    const { port, server } = await serve();
    const probe = await ask(
      port,
      'SOURCE /live.mp3 HTTP/1.0',
      'Host: x',
      'User-Agent: libshout/2.4.6',
      'Content-Type: application/octet-stream',
      'Content-Length: 0',
      'Connection: Keep-Alive',
    );
    expect(probe).toMatch(/^HTTP\/1\.0 401 /);
    expect(probe).toMatch(/\r\nWWW-Authenticate: Basic realm="[^"]+"\r\n/);
    expect(probe).toMatch(/\r\nAllow: GET, PUT, OPTIONS, SOURCE\r\n/);
    expect(probe).toMatch(/\r\nContent-Length: 25\r\n\r\nYou need to authenticate\n$/);
    expect(server.mounts.size).toBe(0);
    await publish(port);
    expect([...server.mounts.keys()]).toEqual(['/live.mp3']);
  });

  it('200 to an authenticated probe, and the mount is left alone', async () => {
    const { port, server } = await serve();
    expect(await ask(port, 'SOURCE /a HTTP/1.0', AUTH, 'Content-Length: 0')).toMatch(
      /^HTTP\/1\.0 200 OK\r\n/,
    );
    expect(server.mounts.size).toBe(0);
  });

  it.each([
    ['no credentials', 'X: y'],
    ['a wrong password', basic('source:wrong')],
    ['a password that begins right', basic('source:sesame!')],
    ['another user', basic('admin:sesame')],
    ['not Basic', 'Authorization: Bearer sesame'],
    ['not base64', 'Authorization: Basic ???'],
    ['two headers', `${AUTH}\r\n${AUTH}`],
  ])('401 to %s', async (_, line) => {
    const { port, server } = await serve();
    expect(await ask(port, 'PUT /a HTTP/1.1', line)).toMatch(/^HTTP\/1\.1 401 /);
    expect(server.mounts.size).toBe(0);
  });

  it('403 Mountpoint in use, to the right password only', async () => {
    const { port, server } = await serve();
    await publish(port);
    expect(await ask(port, 'PUT /live.mp3 HTTP/1.1', AUTH)).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*\r\n\r\nMountpoint in use\n$/,
    );
    expect(await ask(port, 'PUT /live.mp3 HTTP/1.1')).toMatch(/^HTTP\/1\.1 401 /);
    expect(server.mounts.get('/live.mp3')?.busy).toBe(true);
  });

  it.each(['/', '/healthz', '/status-json.xsl', '/web/x.mp3', '/admin', '/admin/metadata', '/a/'])(
    '403 for %s, which is no place for a mount',
    async (path) => {
      const { port } = await serve();
      expect(await ask(port, `PUT ${path} HTTP/1.1`, AUTH)).toMatch(
        /^HTTP\/1\.1 403 [\s\S]*cannot be a mount/,
      );
    },
  );

  it.each([
    ['Content-Length and Transfer-Encoding', 400, 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['a negative Content-Length', 400, 'Content-Length: -5'],
    ['a huge Content-Length', 400, 'Content-Length: 99999999999999999999'],
    ['two Content-Lengths', 400, 'Content-Length: 5\r\nContent-Length: 6'],
    ['a Transfer-Encoding that we do not know', 501, 'Transfer-Encoding: gzip'],
    ['an expectation that we cannot meet', 417, 'Expect: 200-ok'],
  ])('%s: %i', async (_, status, lines) => {
    const { port, server } = await serve();
    expect(await ask(port, 'PUT /a HTTP/1.1', AUTH, lines)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(server.mounts.size).toBe(0);
  });

  it('421 to an upload behind another request, where its body would be lost', async () => {
    const { port } = await serve();
    const peer = new Peer(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.receives('{"status":"ok"}');
    peer.send(
      `PUT /a HTTP/1.1\r\nHost: x\r\n${AUTH}\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    expect(await peer.rest()).toMatch(/HTTP\/1\.1 421 /);
    expect(peer.text).not.toMatch(/100 Continue/);
    // Without credentials it only asks, as libshout does: it is told what it wants to know.
    const probe = new Peer(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await probe.receives('{"status":"ok"}');
    probe.send('PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
    expect(await probe.rest()).toMatch(/HTTP\/1\.1 401 [\s\S]*\r\nAllow: GET, PUT, OPTIONS, SOURCE\r\n/);
  });
});

describe('answers to listeners', () => {
  const said = [
    'Ice-Name: Caf\xc3\xa9',
    'Ice-Genre: G',
    'Ice-URL: http://x/',
    'Ice-Description: D',
    'Ice-Public: 1',
    'icy-br: 128',
  ];

  it('200 with the headers that players look at, and neither length nor chunks', async () => {
    const { port } = await serve();
    await publish(port, '/live.mp3', ...said);
    const peer = await listen(port);
    const [status, ...lines] = peer.text.split('\r\n\r\n', 1)[0]!.split('\r\n');
    expect(status).toBe('HTTP/1.1 200 OK');
    for (const line of [
      'Content-Type: application/octet-stream',
      'Connection: close',
      'Cache-Control: no-cache, no-store',
      'Access-Control-Allow-Origin: *',
      'icy-name:Caf\xc3\xa9',
      'icy-genre:G',
      'icy-url:http://x/',
      'icy-description:D',
      'icy-pub:1',
      'icy-br:128',
    ]) {
      expect(lines).toContain(line);
    }
    const names = lines.map((line) => line.split(':')[0]!.toLowerCase());
    expect(names).toEqual(expect.arrayContaining(['date', 'server', 'access-control-expose-headers']));
    expect(names).not.toContain('content-length');
    expect(names).not.toContain('transfer-encoding');
  });

  it('HTTP/1.0 for HTTP/1.0, and Range is passed over', async () => {
    const { port } = await serve();
    const source = await publish(port);
    const peer = new Peer(port).send('GET /live.mp3?x=1 HTTP/1.0\r\nRange: bytes=0-1\r\n\r\n');
    await peer.receives('\r\n\r\n');
    expect(peer.text).toMatch(/^HTTP\/1\.0 200 OK\r\n/);
    source.send('abcdef');
    await peer.receives('abcdef');
  });

  it('HEAD: the same head, and the connection is closed', async () => {
    const { port, server } = await serve();
    await publish(port, '/live.mp3', ...said);
    const peer = await listen(port);
    const head = await ask(port, 'HEAD /live.mp3 HTTP/1.1');
    const withoutDate = (text: string) => text.replace(/Date: [^\r]*/, '');
    expect(withoutDate(head)).toBe(withoutDate(peer.text));
    expect(server.mounts.get('/live.mp3')?.listeners).toBe(1);
  });

  it('OPTIONS: 204 with Allow and what a preflight asks for', async () => {
    const { port } = await serve();
    await publish(port);
    const answer = await ask(
      port,
      'OPTIONS /live.mp3 HTTP/1.1',
      'Origin: http://x',
      'Access-Control-Request-Headers: icy-metadata',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 204 [\s\S]*\r\n\r\n$/);
    expect(answer).toMatch(/\r\nAllow: GET, HEAD, OPTIONS, PUT, SOURCE\r\n/);
    expect(answer).toMatch(/\r\nAccess-Control-Allow-Origin: \*\r\n/);
    expect(answer).toMatch(/\r\nAccess-Control-Allow-Headers: [^\r]*Icy-MetaData/);
    expect(answer).not.toMatch(/Content-Length/);
    expect(await ask(port, 'OPTIONS * HTTP/1.1', 'Host: x')).toMatch(
      /^HTTP\/1\.1 204 [\s\S]*\r\nAllow: [^\r]*SOURCE/,
    );
  });

  it.each(['POST', 'DELETE', 'PATCH', 'BREW'])('405 with Allow for %s', async (method) => {
    const { port } = await serve();
    await publish(port);
    const answer = await ask(port, `${method} /live.mp3 HTTP/1.1`);
    expect(answer).toMatch(/^HTTP\/1\.1 405 [\s\S]*\r\nAllow: GET, HEAD, OPTIONS, PUT, SOURCE\r\n/);
  });

  it('404 for a mount that is not there', async () => {
    const { port } = await serve();
    expect(await ask(port, 'GET /nothing.mp3 HTTP/1.1', 'Host: x', 'Connection: close')).toMatch(
      /^HTTP\/1\.1 404 [\s\S]*There is nothing at \/nothing\.mp3\n$/,
    );
  });

  it('goes on after a client that resets in the middle of it all', async () => {
    const { port, url, server } = await serve();
    const reasons: string[] = [];
    server.on('listener-removed', (_, { reason, error }) => reasons.push(error?.message ?? reason));
    const source = await publish(port);
    for (let i = 0; i < 40; i++) {
      // Half of them in the middle of a handover that waits for an answer of Node's http server.
      const first = i % 2 === 0 ? 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' : '';
      const peer = new Peer(port).send(`${first}GET /live.mp3 HTTP/1.1\r\nHost: x\r\n\r\n`);
      peer.socket.once('connect', () => peer.socket.resetAndDestroy());
    }
    const peer = await listen(port);
    source.send('still here');
    await peer.receives('still here');
    expect(reasons.filter((reason) => reason !== 'closed')).toEqual([]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('the second request of a connection', () => {
  it('may be for a mount', async () => {
    const { port } = await serve();
    const source = await publish(port, '/live.mp3', 'Ice-Name: Caf\xc3\xa9');
    const peer = new Peer(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.receives('{"status":"ok"}');
    peer.send('GET /live.mp3 HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.receives('Access-Control-Expose-Headers');
    source.send('abcdef');
    await peer.receives('abcdef');
    expect(peer.text).toMatch(/\r\nContent-Type: application\/octet-stream\r\n/);
    expect(peer.text).toMatch(/\r\nicy-name: Caf\xc3\xa9\r\n/);
  });

  it('may be pipelined, several at once', async () => {
    const { port, server } = await serve();
    const source = await publish(port);
    source.send('abc');
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const warning = event(server, 'warning');
    const peers = [[get('/healthz')], [get('/healthz'), get('/')], [get('/healthz'), get('/nothing')]].map(
      (before) => new Peer(port).send(before.join('') + get('/live.mp3') + get('/live.mp3')),
    );
    for (const peer of peers) await peer.until((text) => text.endsWith('abc'));
    source.send('def');
    for (const peer of peers) await peer.until((text) => text.endsWith('abcdef'));
    expect(server.mounts.get('/live.mp3')?.listeners).toBe(3);
    expect(await Promise.race([warning, 'none'])).toBe('none');
  });

  it('may come in the same packet, and may be HEAD, OPTIONS or nonsense', async () => {
    const { port } = await serve();
    await publish(port);
    const line = (text: string) => `${text} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const peer = new Peer(port).send(
      line('GET /healthz') + line('OPTIONS /live.mp3') + line('HEAD /live.mp3'),
    );
    const statuses = (await peer.rest()).match(/^HTTP\/1\.1 \d+/gm);
    expect(statuses).toEqual(['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 200']);
    const other = new Peer(port).send(line('GET /healthz'));
    await other.receives('{"status":"ok"}');
    other.send('\x00nonsense\r\n\r\n');
    expect((await other.rest()).match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });
});

describe('pages', () => {
  it('are served, with their types and only those', async () => {
    const { url } = await serve({ demo: true });
    for (const [path, type, text] of [
      ['/', 'text/html', '<title>flumen'],
      ['/web/page.js', 'text/javascript', 'status-json.xsl'],
      ['/web/page.css', 'text/css', 'font'],
      ['/healthz', 'application/json', '{"status":"ok"}'],
      ['/status-json.xsl', 'application/json', '"listenurl"'],
      ['/status-json.xsl?mount=/demo.mp3', 'application/json', '/demo.mp3'],
    ] as const) {
      const response = await fetch(url + path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain(type);
      expect(await response.text()).toContain(text);
    }
    for (const path of [
      '/web/demo.mp3',
      '/web/',
      '/web/../package.json',
      '/web/%2e%2e/package.json',
      '/index.html',
    ]) {
      expect([400, 404]).toContain((await fetch(url + path)).status);
    }
    expect((await fetch(`${url}/healthz`, { method: 'DELETE' })).status).toBe(405);
    expect(
      (await fetch(url, { headers: { Origin: 'http://x' } })).headers.get('content-security-policy'),
    ).toContain("'self'");
  });

  it('tell what is on the air', async () => {
    const { port, url } = await serve();
    const source = async () =>
      ((await (await fetch(`${url}/status-json.xsl`)).json()) as Status).icestats.source;
    expect(await source()).toBeUndefined();
    await publish(port, '/a', 'ice-audio-info: bitrate=96;channels=2');
    await listen(port, '/a');
    expect(await source()).toMatchObject({
      listenurl: `${url}/a`,
      listeners: 1,
      listener_peak: 1,
      bitrate: 96,
      channels: 2,
    });
    await publish(port, '/b');
    expect(await source()).toHaveLength(2);
  });
});
