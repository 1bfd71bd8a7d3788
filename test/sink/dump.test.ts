/** dump(): what it says of a living sink, and when it comes. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { configure, MultiFdSink, MultiSocketSink } from '../../lib/index.js';
import { reader, tcpPair } from './support.js';

configure({ loops: 2 });

/** Its lines, with runs of spaces as one. */
const lines = (text: string): string[] => text.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());

it('shows the timeline of each loop, and every client with its own number', async () => {
  const sink = new MultiSocketSink({ keep: { frames: 50 }, hardLimit: { bytes: 50_000_000 } });
  const pairs = await Promise.all(Array.from({ length: 4 }, () => tcpPair()));
  const [stuck, reads, picky, waits] = pairs as [(typeof pairs)[0], ...typeof pairs];
  const client = sink.add(stuck.near);
  const chunks = sink.add((reads as typeof stuck).near, { framing: 'chunked' });
  sink.setStreamState({ headers: [Buffer.from('<h>')], title: 'on air' });
  sink.push(Buffer.alloc(8_000_000), { pts: 0n });
  while ((await sink.clientStats(client)).state !== 'blocked');
  for (let i = 1n; i < 50n; i += 1n) sink.push('xy', { pts: i * 40_000_000n, keyframe: false });
  sink.add((picky as typeof stuck).near, {
    softLimit: { ms: 1500 },
    hardLimit: { frames: 9 },
    recoverPolicy: 'latest',
  });
  const late = sink.add((waits as typeof stuck).near, { syncMethod: 'next-keyframe' });
  reader((reads as typeof stuck).far);
  while ((await sink.clientStats(chunks)).lag.frames > 0);
  await sink.clientStats(late);
  const text = await sink.dump();
  const got = lines(text);
  expect(got[0]).toBe(`sink ${sink.nativeId}: open, 4 clients, 0 of them on their way`);
  const shards = got.filter((line) => line.startsWith('shard'));
  expect(shards).toHaveLength(2);
  for (const [i, shard] of shards.entries()) {
    expect(shard).toMatch(
      new RegExp(
        `^shard ${i + 1} of 2: 50 frames, 8000098 bytes, 1960.000 ms; next frame 50, newest key frame 0; `,
      ),
    );
  }
  expect(got.filter((line) => line === 'state 1: 1 headers of 3 bytes, title')).toHaveLength(2);
  expect(got.filter((line) => line === '49 2 1.960000000 delta 1 1960.000')).toHaveLength(2);
  expect(got.filter((line) => line === '... 18 more')).toHaveLength(2);
  expect(got.filter((line) => /^1 blocked raw 0\+\d+ 49 98 1920.000 room 0 - 0$/.test(line))).toHaveLength(1);
  expect(got.filter((line) => /^2 (caught-up|ready) chunked 50 /.test(line))).toHaveLength(1);
  expect(got.filter((line) => /^3 .* 50 - 0 soft 1500 ms, latest, hard 9 frames$/.test(line))).toHaveLength(
    1,
  );
  expect(got.filter((line) => /^4 waiting raw .* key frame 50 - 0 next-keyframe$/.test(line))).toHaveLength(
    1,
  );
  for (const { far } of pairs) far.destroy();
  await sink.close();
});

it('of a sink with a file client has a part for the file loop', async () => {
  const sink = new MultiFdSink({ syncMethod: 'latest-keyframe' });
  expect(lines(await sink.dump()).filter((line) => line.startsWith('shard'))).toHaveLength(3);
  await sink.close();
});

it('of a sink that ends shows who is not through, and of a closed one is short', async () => {
  const sink = new MultiSocketSink();
  const { near, far } = await tcpPair();
  sink.add(near);
  sink.push(Buffer.alloc(8_000_000));
  const ended = sink.end();
  const text = await sink.dump();
  expect(lines(text)[0]).toBe(`sink ${sink.nativeId}: ending, 1 clients, 0 of them on their way`);
  expect(text).toMatch(/ 1 ended +\d+\n/);
  const all = sink.close();
  const [late, later] = [sink.dump(), sink.dump()];
  far.destroy();
  await Promise.all([ended, all]);
  expect((await late).startsWith(`sink ${sink.nativeId}: `)).toBe(true);
  await later;
  expect(await sink.dump()).toBe(`sink ${sink.nativeId}: closed, 0 clients, 0 of them on their way`);
});

it('is awaited by a process that has nothing else to do', () => {
  const program = `
    import { MultiSocketSink } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    console.log((await new MultiSocketSink().dump()).split('\\n')[0]);`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program]).toString();
  expect(out).toBe('sink 1: open, 0 clients, 0 of them on their way\n');
});
