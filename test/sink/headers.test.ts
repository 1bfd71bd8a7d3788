import { describe, expect, it } from 'vitest';
import { MultiSocketSink } from '../../lib/index.js';
import { reader, tcpPair } from './support.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('stream headers', () => {
  it('go out in front of the first frame, and again when they change', async () => {
    const sink = new MultiSocketSink({ syncMethod: 'burst', burstMin: { frames: 2 } });
    const [early, late] = await Promise.all([tcpPair(), tcpPair()]);
    sink.add(early.near, { head: bytes('head ') });
    const got = reader(early.far);
    sink.setStreamState({ headers: [bytes('<first>'), bytes('<header>')] });
    // In-band copies: one of them, both in one, both in pieces.
    for (const copy of ['<header>', '<first><header>', '<fir', 'st><header>'])
      sink.push(copy, { header: true });
    sink.push('f00d');
    expect(await got.until(24)).toBe('head <first><header>f00d');
    sink.setStreamState({ headers: [bytes('<first>'), bytes('<header>')] });
    sink.push('same');
    sink.setStreamState({ headers: [bytes('<second>')] });
    sink.push('deaf');
    expect(await got.until(40)).toBe('head <first><header>f00dsame<second>deaf');
    sink.add(late.near);
    expect(await reader(late.far).until(31)).toBe('<first><header>same<second>deaf');
    early.far.destroy();
    late.far.destroy();
    await sink.close();
  });

  it('resendStreamHeader: false keeps a client on what it has', async () => {
    const sink = new MultiSocketSink({ resendStreamHeader: false });
    const [keeps, follows] = await Promise.all([tcpPair(), tcpPair()]);
    sink.add(keeps.near);
    sink.add(follows.near, { resendStreamHeader: true });
    for (const name of ['a', 'b']) {
      sink.setStreamState({ headers: [bytes(`<${name}>`)] });
      sink.push(name);
    }
    expect(await reader(keeps.far).until(5)).toBe('<a>ab');
    expect(await reader(follows.far).until(8)).toBe('<a>a<b>b');
    keeps.far.destroy();
    follows.far.destroy();
    await sink.close();
  });

  it('a held in-band piece goes out in front of the frame that shows that it was no copy', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    sink.add(near);
    sink.setStreamState({ headers: [bytes('<header>')] });
    sink.push('<hea', { header: true });
    sink.push('f00d'); // with nothing said of it
    sink.push('more');
    expect(await reader(far).until(20)).toBe('<header><heaf00dmore');
    far.destroy();
    await sink.close();
  });

  it('a held in-band piece is not lost when the stream ends', async () => {
    const sink = new MultiSocketSink();
    const { near, far } = await tcpPair();
    sink.add(near);
    sink.setStreamState({ headers: [bytes('<header>')] });
    sink.push('<hea', { header: true });
    const ended = sink.end();
    expect((await reader(far).all()).text).toBe('<header><hea');
    far.destroy();
    await ended;
  });

  it('refuses what is no state', async () => {
    const sink = new MultiSocketSink();
    expect(() => sink.setStreamState({ headers: 'x' } as never)).toThrow(
      /headers must be an array of Uint8Array/,
    );
    expect(() => sink.setStreamState({ headers: ['x'] } as never)).toThrow(
      /headers\[0\] must be a Uint8Array/,
    );
    await sink.close();
  });
});
