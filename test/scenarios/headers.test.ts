/**
 * The scenarios of multifdsink (on pipes) and multisocketsink (on sockets) for stream headers: their data and expectations
 * as they are, with the start worked out by the next push. Behind them what was measured on multifdsink beyond its own
 * tests. Where we give something else on purpose, a comment says why.
 */
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { diagnostics, MultiFdSink } from '../../lib/index.js';
import { type Kind, pipeReceiver, pushEach, type Receiver, receiver, settled } from './support.js';

const kinds: Kind[] = ['fifo', 'unix', 'tcp'];
const NAME = 'application/x-gst-check';

// A sink that has gone refers to no caps and no bytes. Its loop lets go of the last of them.
afterEach(async () => {
  while (diagnostics().liveBlocks > 0) await setImmediate();
});

/** Caps with these stream headers. multifdsink takes stream-start and a segment in bytes along with them, so we do. */
function setHeaders(sink: MultiFdSink, ...headers: string[]): void {
  sink.setStreamState({
    streamStart: { streamId: 'check' },
    caps: {
      name: NAME,
      ...(headers.length > 0 && { streamheader: headers.map((text) => Buffer.from(text)) }),
    },
    segment: { format: 'bytes' },
  });
}

/** … and then the headers themselves, in band: nobody is to be sent those. */
function setAndPushHeaders(sink: MultiFdSink, ...headers: string[]): void {
  setHeaders(sink, ...headers);
  for (const header of headers) sink.push(header, { header: true });
}

/** What comes behind `before`, once it is there. */
async function more(client: Receiver, before: string, text: string): Promise<string> {
  expect(await client.until(before.length + text.length)).toBe(before + text);
  return before + text;
}

describe.each(kinds)('over %s', (kind) => {
  it('stream header', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    expect(sink.size).toBe(0);
    const [a, b] = await Promise.all([receiver(kind), receiver(kind)]);
    const inA = sink.add(a.target);
    expect(sink.size).toBe(1);
    setAndPushHeaders(sink, 'babe', 'deadbeef');
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(0);
    sink.push('f00d');
    const before = await more(a, '', 'babedeadbeeff00d');
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(16);
    const inB = sink.add(b.target);
    expect(sink.size).toBe(2);
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(16);
    sink.push('deaf');
    await more(a, before, 'deaf');
    await more(b, '', 'babedeadbeefdeaf');
    await settled(sink);
    expect(sink.stats.bytesServed).toBe(36);
    expect(sink.size).toBe(2);
    sink.remove(inA);
    await settled(sink);
    expect(sink.size).toBe(1);
    sink.remove(inB);
    await settled(sink);
    expect(sink.size).toBe(0);
    a.leave();
    b.leave();
    await sink.close();
  });

  it('changed stream header', async () => {
    const sink = new MultiFdSink({ positionOn: 'push' });
    setAndPushHeaders(sink, 'first', 'header');
    const [a, b] = await Promise.all([receiver(kind), receiver(kind)]);
    const inA = sink.add(a.target);
    sink.push('f00d');
    const before = await more(a, '', 'firstheaderf00d');
    const inB = sink.add(b.target);
    setAndPushHeaders(sink, 'second', 'header');
    sink.push('deadbabe');
    await more(a, before, 'secondheaderdeadbabe');
    // B came before the change, but its first frame is one of the new state.
    await more(b, '', 'secondheaderdeadbabe');
    for (const client of [inA, inB]) sink.remove(client);
    await settled(sink);
    expect(sink.size).toBe(0);
    a.leave();
    b.leave();
    await sink.close();
  });
});

it('frames flagged as headers, states without any, and clients that keep what they have', async () => {
  const sink = new MultiFdSink({ positionOn: 'push' });
  // K is what a client of a multifdsink with resend-streamheader=false would be.
  const [a, b, k] = [pipeReceiver(), pipeReceiver(), pipeReceiver()];
  sink.add(a.target);
  sink.add(k.target, { resendStreamHeader: false });
  setHeaders(sink, 'H1', 'H2');
  await pushEach(sink, [
    ['H1', { header: true }],
    ['H2', { header: true }],
    ['HX', { header: true }],
  ]);
  // H1 and H2 are known, HX is a frame as any. In front of it A and K were each given the headers.
  expect(sink.stats).toMatchObject({ bytesToServe: 2, bytesServed: 12 });
  // Without the flag it is a frame.
  await pushEach(sink, [['H1', {}]]);
  // Caps without headers: nothing to give, and what the client has is forgotten.
  setHeaders(sink);
  await pushEach(sink, [['x1', {}]]);
  setHeaders(sink, 'H1', 'H2');
  await pushEach(sink, [['x2', {}]]);
  setHeaders(sink, 'N1');
  await pushEach(sink, [['x3', {}]]);
  // In the original resend-streamheader is now switched off for all: A keeps N1. Ours is settled when a client comes, so
  // A goes on being told; K stands in for A there.
  setHeaders(sink, 'M1');
  await pushEach(sink, [['x4', {}]]);
  sink.add(b.target, { resendStreamHeader: false });
  await pushEach(sink, [['x5', {}]]);
  const got = [a.all(), b.all(), k.all()];
  await sink.end();
  expect(await Promise.all(got)).toEqual([
    'H1H2HX' + 'H1' + 'x1' + 'H1H2x2' + 'N1x3' + 'M1x4' + 'x5',
    // A newcomer has none: it is given them.
    'M1x5',
    // H1 H2 again behind the state without any; N1 and M1 in place of them are not given.
    'H1H2HX' + 'H1' + 'x1' + 'H1H2x2' + 'x3' + 'x4' + 'x5',
  ]);
});

it('the same headers in other caps are not given again, nor caps that differ in nothing else', async () => {
  const sink = new MultiFdSink({ positionOn: 'push' });
  const a = pipeReceiver();
  sink.add(a.target);
  setHeaders(sink, 'H1', 'H2');
  await pushEach(sink, [['x1', {}]]);
  sink.setStreamState({
    caps: { name: NAME, fields: { version: 2 }, streamheader: [Buffer.from('H1'), Buffer.from('H2')] },
  });
  await pushEach(sink, [['x2', {}]]);
  // Entry by entry: as bytes in a row they would be the same.
  setHeaders(sink, 'H1H2');
  await pushEach(sink, [['x3', {}]]);
  const got = a.all();
  await sink.end();
  expect(await got).toBe('H1H2x1' + 'x2' + 'H1H2x3');
});

it('a change that no frame has followed by then was never there', async () => {
  const sink = new MultiFdSink({ positionOn: 'push' });
  const a = pipeReceiver();
  sink.add(a.target);
  setHeaders(sink, 'H1');
  await pushEach(sink, [['x1', {}]]);
  setHeaders(sink);
  setHeaders(sink, 'N1');
  setHeaders(sink, 'H1');
  await pushEach(sink, [['x2', {}]]);
  const got = a.all();
  await sink.end();
  expect(await got).toBe('H1x1x2');
});

it('old frames come with old headers, to who lags and to who starts with a burst', async () => {
  const sink = new MultiFdSink({ syncMethod: 'burst', burstMin: { frames: 4 }, keep: { frames: 4 } });
  const [slow, late] = [pipeReceiver(1), pipeReceiver()];
  sink.add(slow.target);
  setHeaders(sink, '<1>');
  // The pipe holds 4096 bytes: the rest waits.
  const filler = '.'.repeat(4096);
  await pushEach(sink, [
    [filler, {}],
    ['a', {}],
  ]);
  setHeaders(sink, '<2>');
  await pushEach(sink, [
    ['b', {}],
    ['c', {}],
  ]);
  sink.add(late.target);
  const got = [slow.all(), late.all()];
  await sink.end();
  // multifdsink gives both the current headers, in front of the old frames: its caps are not those of the frame.
  const expected = `<1>${filler}a<2>bc`;
  expect(await Promise.all(got)).toEqual([expected, expected]);
});
