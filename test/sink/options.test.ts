import { describe, expect, it } from 'vitest';
import { configure, MultiFdSink, type SinkOptions } from '../../lib/index.js';

describe('sink options', () => {
  const bad: [name: string, options: unknown, message: RegExp, type: typeof TypeError | typeof RangeError][] =
    [
      [
        'unknown key',
        { flushIntervall: 3 },
        /no option "flushIntervall" \(there are: .*flushInterval/,
        TypeError,
      ],
      ['not an object', 7, /sink options must be an object, not 7/, TypeError],
      [
        'sync method',
        { syncMethod: 'newest' },
        /syncMethod must be "latest" or "burst", not "newest"/,
        TypeError,
      ],
      ['amount without unit', { hardLimit: 5 }, /hardLimit must be one of \{ frames \}/, TypeError],
      ['amount with two units', { hardLimit: { ms: 1, bytes: 2 } }, /hardLimit must be one of/, TypeError],
      ['negative amount', { hardLimit: { bytes: -1 } }, /hardLimit.bytes must be from 0/, RangeError],
      ['NaN', { stallTimeout: Number.NaN }, /stallTimeout must be a number/, TypeError],
      ['too long', { flushInterval: 60_001 }, /flushInterval must be from 0 to 60000, not 60001/, RangeError],
      ['fraction', { notSentLowat: 1.5 }, /notSentLowat must be a whole number/, RangeError],
      ['tiny cap', { memoryCap: 10 }, /memoryCap must be from 65536/, RangeError],
      [
        'burst over cap',
        { burstMin: { bytes: 70_000 }, memoryCap: 65_536 },
        /burstMin.bytes .* memoryCap/,
        RangeError,
      ],
      [
        'time limit under two intervals',
        { hardLimit: { ms: 300 }, flushInterval: 200 },
        /twice flushInterval/,
        RangeError,
      ],
    ];
  it.each(bad)('%s is refused with a message that names it', (_name, options, message, type) => {
    expect(() => new MultiFdSink(options as SinkOptions)).toThrow(message);
    expect(() => new MultiFdSink(options as SinkOptions)).toThrow(type);
  });

  it('configure() refuses nonsense, and comes too late after the first sink', async () => {
    expect(() => configure({ loops: 0 })).toThrow(/loops must be from 1 to 64, not 0/);
    expect(() => configure({ loop: 1 } as never)).toThrow(/no option "loop"/);
    const sink = new MultiFdSink();
    expect(() => configure({ loops: 2 })).toThrow(/comes too late/);
    await sink.close();
  });
});
