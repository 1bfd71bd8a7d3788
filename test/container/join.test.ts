// Every format, from an encoder's bytes to listeners who come at any moment: whoever was there from the start has all
// bytes as they were sent; whoever comes later has headers and a part of the stream that a decoder takes without a word.
import { describe, expect, it } from 'vitest';
import { beginsWithKeyFrame, complaints, makeSample, SAMPLES } from '../../bench/lib/samples.mjs';
import { AUTH, event, listen, Peer, serve } from '../server/support.js';

const FULL = process.env.FLUMEN_FULL === '1';
const JOINERS = FULL ? 30 : 3;
/** Of the stream. */
const SECONDS = FULL ? 15 : 9;
/** How much faster than it plays it is sent. */
const HASTE = 12;

/** The same moments and pieces every time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The length of the longest end that both have. */
function commonEnd(a: Uint8Array, b: Uint8Array): number {
  let length = 0;
  while (length < a.length && length < b.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}

function bodyOf(answer: string): Buffer {
  return Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');
}

describe('joining', { timeout: 120_000 }, () => {
  it.each(SAMPLES)('$name', async (sample) => {
    const bytes = makeSample(sample, SECONDS);
    const random = randomFrom(bytes.length);
    const { server, port } = await serve({
      sourceGrace: 0,
      flushInterval: 20,
      // Without times in the stream those of arrival count, which are in haste here.
      ...(sample.timed ? {} : { burst: 300 }),
    });
    const path = `/live.${sample.suffix}`;
    const recognised = event(server, 'source-format');
    const warnings: unknown[] = [];
    server.on('source-warning', (_, warning) => warnings.push(warning));

    // As ffmpeg does, whatever it sends.
    const head = [`PUT ${path} HTTP/1.1`, AUTH, 'Expect: 100-continue', 'Content-Type: audio/mpeg'];
    const source = await new Peer(port).send(`${head.join('\r\n')}\r\n\r\n`).receives('100 Continue\r\n\r\n');
    const first = await listen(port, path);
    const late: Peer[] = [];
    const joined: Promise<Peer>[] = [];
    const steps = JOINERS * 4;
    for (let step = 0; step < steps; step++) {
      const [from, to] = [step, step + 1].map((at) => Math.round((bytes.length * at) / steps));
      source.send(bytes.subarray(from, to));
      // The stream's own pace, so that it is joined while it is under way.
      await new Promise((resolve) => setTimeout(resolve, (SECONDS * 1000) / HASTE / steps));
      // One in each part of the stream, the last one just before its end.
      const soon = random() < 0.3 && step < steps - 4;
      if (soon || step % 4 === 3) while (joined.length <= step / 4) joined.push(listen(port, path));
    }
    late.push(...(await Promise.all(joined)));
    source.socket.end();
    const bodies = await Promise.all([first, ...late].map(async (peer) => bodyOf(await peer.rest())));

    expect((await recognised)[1]).toMatchObject({ format: sample.format, contentType: sample.type });
    expect(warnings).toEqual([]);
    expect(late.at(-1)?.text).toContain(`\r\nContent-Type: ${sample.type}\r\n`);
    expect(bodies[0]?.equals(bytes)).toBe(true);
    // ffmpeg does not like the end of its own multipart.
    const fine = new Set(['', sample.format === 'multipart' ? complaints(bytes) : '']);
    const seen = new Set<number>();
    for (const body of bodies.slice(1)) {
      const end = commonEnd(body, bytes);
      const headers = body.subarray(0, body.length - end);
      if (sample.format !== 'mpegts') expect(bytes.includes(headers)).toBe(true);
      if (seen.has(body.length)) continue;
      seen.add(body.length);
      expect(fine).toContain(complaints(body));
      if (sample.video) expect(beginsWithKeyFrame(body)).toBe(true);
    }
    expect(seen.size).toBeGreaterThan(1);
  });
});
