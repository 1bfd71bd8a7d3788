import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { configure, diagnostics, MultiFdSink } from '../../lib/index.js';
import { fifo, nextRemoved } from './support.js';

const MIB = 1024 * 1024;

describe('configure({ memoryCap })', () => {
  const sinks: MultiFdSink[] = [];
  const pipes: ReturnType<typeof fifo>[] = [];
  /** A sink without limits of its own, and a client that nobody reads. */
  const stuck = (): MultiFdSink => {
    const sink = new MultiFdSink({
      hardLimit: { bytes: 2 ** 40 },
      memoryCap: 2 ** 30,
      stallTimeout: 0,
      closeTimeout: 50,
    });
    const pipe = fifo();
    sink.add(pipe.write);
    sinks.push(sink);
    pipes.push(pipe);
    return sink;
  };

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map((sink) => sink.close()));
    for (const pipe of pipes.splice(0)) pipe.close();
    configure({ memoryCap: 256 * MIB });
  });

  it('removes the clients of the sink that holds most as slow, and spares those that lag a little', async () => {
    const [hog, small] = [stuck(), stuck()];
    configure({ memoryCap: 8 * MIB });
    const spared: string[] = [];
    small.on('client-removed', ({ reason }) => spared.push(reason));
    const frame = Buffer.alloc(100_000);
    small.push(frame);
    small.push(frame);
    const gone = nextRemoved(hog);
    for (let i = 0; i < 100; i += 1) hog.push(frame);
    expect((await gone).reason).toBe('slow');
    expect(diagnostics().liveBytes).toBeLessThanOrEqual(8 * MIB);
    expect(spared).toEqual([]);
    expect(small.size).toBe(1);
  });

  it('may be lowered while sinks sleep: they give up at once', async () => {
    const sink = stuck();
    for (let i = 0; i < 50; i += 1) sink.push(Buffer.alloc(100_000));
    const removed = once(sink, 'client-removed');
    configure({ memoryCap: MIB });
    expect((await removed)[0].reason).toBe('slow');
  });

  it('is checked, and needs no loops beside it', () => {
    configure({});
    expect(() => configure({ memoryCap: 1000 })).toThrow(/memoryCap must be from 1048576/);
    expect(() => configure({ memoryCap: '1g' as never })).toThrow(/memoryCap must be a number, not "1g"/);
    stuck();
    expect(() => configure({ loops: 2, memoryCap: 2 * MIB })).toThrow(/comes too late/);
  });
});
