// text/event-stream through a mount: cut at the borders of events, whatever pieces they come in.
import { describe, expect, it } from 'vitest';
import { listen, Peer, publish, serve } from '../server/support.js';

const event = (n: number) => `id: ${n}\ndata: {"n":${n}}\n\n`;

describe('server-sent events', () => {
  it('late listeners begin with an event, and proxies are told not to collect', async () => {
    const { port } = await serve({ burst: 0, flushInterval: 0, sourceGrace: 0 });
    const source = await publish(
      port,
      '/news',
      'Transfer-Encoding: chunked',
      'Content-Type: text/event-stream',
    );
    const send = (text: string) => source.send(`${text.length.toString(16)}\r\n${text}\r\n`);
    const first = await listen(port, '/news');
    send(event(1) + event(2).slice(0, 9));
    await first.receives(event(1));
    expect(first.text).not.toContain('id: 2');
    const late = await listen(port, '/news');
    expect(late.text).toMatch(/\r\nContent-Type: text\/event-stream\r\n/);
    expect(late.text).toMatch(/\r\nX-Accel-Buffering: no\r\n/);
    send(event(2).slice(9) + event(3));
    await late.receives(event(3));
    expect(late.body.toString()).toBe(event(1) + event(2) + event(3));
    const latest = await listen(port, '/news');
    await latest.receives(event(3));
    expect(latest.body.toString()).toBe(event(3));
    send(event(4));
    source.send('0\r\n\r\n');
    expect(await latest.rest()).toContain(event(3) + event(4));
    expect(await first.rest()).toContain(event(1) + event(2) + event(3) + event(4));
  });

  it('HEAD says so too', async () => {
    const { port } = await serve();
    await publish(port, '/news', 'Content-Type: text/event-stream');
    const head = await new Peer(port).send('HEAD /news HTTP/1.1\r\nConnection: close\r\n\r\n').rest();
    expect(head).toMatch(/\r\nX-Accel-Buffering: no\r\n/);
  });
});
