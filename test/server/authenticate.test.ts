import { describe, expect, it } from 'vitest';
import type { Authenticate, ListenerRequest } from '../../lib/index.js';
import { ask, event, listen, Peer, publish, serve } from './support.js';

/** A hook that is asked and answers when the test says so. */
function held(): {
  authenticate: Authenticate;
  asked: Promise<ListenerRequest>;
  answer: (allowed: boolean) => void;
} {
  let answer: (allowed: boolean) => void = () => {};
  let tell: (request: ListenerRequest) => void = () => {};
  const verdict = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  const asked = new Promise<ListenerRequest>((resolve) => {
    tell = resolve;
  });
  const authenticate: Authenticate = (request) => {
    tell(request);
    return verdict;
  };
  return { authenticate, asked, answer };
}

describe('the listener hook', () => {
  it('is told who wants what, and is waited for', async () => {
    const { authenticate, asked, answer } = held();
    const { port } = await serve({ authenticate });
    const source = await publish(port);
    const peer = new Peer(port).send('GET /live%2emp3?tok=a%20b HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n');
    const request = await asked;
    expect(request).toMatchObject({ path: '/live.mp3', remoteAddress: '127.0.0.1' });
    expect(request.mount.path).toBe('/live.mp3');
    expect(request.query.get('tok')).toBe('a b');
    expect({ ...request.headers }).toEqual({ host: 'x', 'x-y': 'z' });
    expect(peer.text).toBe('');
    answer(true);
    source.send('music');
    await peer.receives('music');
  });

  it.each([
    ['401 with a challenge', 'GET /live.mp3', '', 401],
    ['401 again for a wrong password', 'GET /live.mp3?x=1', 'Authorization: Basic eDp5', 401],
    ['403 for a link that is not good', 'GET /live.mp3?tok=1', '', 403],
    ['the same for HEAD, without a body', 'HEAD /live.mp3', '', 401],
  ])('refuses: %s', async (_, line, header, status) => {
    for (const verdict of [false, Promise.resolve(false), undefined as never]) {
      const { port, server } = await serve({ authenticate: () => verdict });
      await publish(port);
      const answer = await ask(port, `${line} HTTP/1.1`, ...(header ? [header] : []));
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${verdict === undefined ? 500 : status} `));
      if (verdict !== undefined) expect(/WWW-Authenticate: Basic realm=/.test(answer)).toBe(status === 401);
      expect(answer).toMatch(/Access-Control-Allow-Origin: \*/);
      if (line.startsWith('HEAD')) expect(answer.endsWith('\r\n\r\n')).toBe(true);
      expect(server.mounts.get('/live.mp3')?.listeners).toBe(0);
    }
  });

  it('answers 500 when the hook fails, and says so', async () => {
    for (const authenticate of [
      () => {
        throw new Error('no database');
      },
      () => Promise.reject(new Error('no database')),
    ]) {
      const { port, server } = await serve({ authenticate });
      const warning = event(server, 'warning');
      await publish(port);
      expect(await ask(port, 'GET /live.mp3 HTTP/1.1')).toMatch(/^HTTP\/1\.1 500 /);
      expect(((await warning)[0] as Error).message).toBe('no database');
    }
  });

  it('is asked for the second request of a connection too, and not for OPTIONS', async () => {
    let asked = 0;
    const { port } = await serve({
      authenticate: async () => {
        asked++;
        return false;
      },
    });
    await publish(port);
    const peer = new Peer(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.receives('ok');
    peer.send('GET /live.mp3 HTTP/1.1\r\nHost: x\r\n\r\n');
    await peer.receives('HTTP/1.1 401 ');
    expect(await ask(port, 'OPTIONS /live.mp3 HTTP/1.1')).toMatch(/^HTTP\/1\.1 204 /);
    expect(asked).toBe(1);
  });

  it('lets go of a client that resets meanwhile', async () => {
    const { authenticate, asked, answer } = held();
    const { port, server } = await serve({ authenticate });
    const source = await publish(port);
    const peer = new Peer(port).send('GET /live.mp3 HTTP/1.1\r\n\r\n');
    await asked;
    peer.socket.resetAndDestroy();
    const removed = event(server, 'listener-removed');
    answer(true);
    const after = await listen(port);
    source.send('on');
    await after.receives('on');
    // Either it was seen before the handover, and there was no listener, or it left as closed right after.
    if (server.mounts.get('/live.mp3')?.listeners !== 1) {
      expect(((await removed)[1] as { reason: string }).reason).toBe('closed');
    }
  });

  it('serves a client that has said goodbye, with what is there, and lets it go', async () => {
    const { authenticate, asked, answer } = held();
    const { port, server } = await serve({ authenticate });
    const source = await publish(port);
    source.send('history');
    const removed = event(server, 'listener-removed');
    const peer = new Peer(port).send('GET /live.mp3 HTTP/1.1\r\n\r\n');
    peer.socket.end();
    await asked;
    answer(true);
    expect(await peer.rest()).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(((await removed)[1] as { reason: string }).reason).toBe('closed');
  });

  it('refuses a client that has said goodbye, and it still hears so', async () => {
    const { authenticate, asked, answer } = held();
    const { port } = await serve({ authenticate });
    await publish(port);
    const peer = new Peer(port).send('GET /live.mp3 HTTP/1.1\r\n\r\n');
    peer.socket.end();
    await asked;
    answer(false);
    expect(await peer.rest()).toMatch(/^HTTP\/1\.1 401 [\s\S]*You need to authenticate/);
  });

  it('answers 404 when the mount has ended meanwhile', async () => {
    const { authenticate, asked, answer } = held();
    const { port, server } = await serve({ authenticate, sourceGrace: 0 });
    const source = await publish(port);
    const peer = new Peer(port).send('GET /live.mp3 HTTP/1.1\r\n\r\n');
    await asked;
    const ended = event(server, 'mount-ended');
    source.socket.end();
    await ended;
    answer(true);
    expect(await peer.rest()).toMatch(/^HTTP\/1\.1 404 /);
  });
});
