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
        /syncMethod must be "latest", "next-keyframe", .* or "burst-with-keyframe", not "newest"/,
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
        { hardLimit: { ms: 399 }, flushInterval: 200 },
        /hardLimit.ms \(399\) must be at least twice flushInterval \(200\)/,
        RangeError,
      ],
      [
        'soft time limit under two intervals',
        { softLimit: { ms: 399 }, flushInterval: 200 },
        /softLimit.ms \(399\) must be at least twice flushInterval \(200\)/,
        RangeError,
      ],
      [
        'soft over hard',
        { softLimit: { ms: 3 }, hardLimit: { ms: 2 } },
        /softLimit.ms \(3\) must not be over hardLimit.ms \(2\)/,
        RangeError,
      ],
      [
        'soft over the default hard',
        { softLimit: { bytes: 2 ** 23 } },
        /softLimit.bytes \(8388608\) must not be over hardLimit.bytes \(4194304\)/,
        RangeError,
      ],
      [
        'min over max',
        { burstMin: { frames: 5 }, burstMax: { frames: 4 } },
        /burstMin.frames \(5\) must not be over burstMax.frames \(4\)/,
        RangeError,
      ],
      ['burst without unit', { burstMax: 5 }, /burstMax must be one of \{ frames \}/, TypeError],
      [
        'frames by halves',
        { burstMin: { frames: 1.5 } },
        /burstMin.frames must be a whole number/,
        RangeError,
      ],
      ['time beyond time', { softLimit: { ms: 2e12 } }, /softLimit.ms must be from 0 to/, RangeError],
      ['recover policy', { recoverPolicy: 'newest' }, /recoverPolicy must be "none", .*"newest"/, TypeError],
      ['position', { positionOn: 'write' }, /positionOn must be "add" or "push", not "write"/, TypeError],
      ['kept unit', { keep: { seconds: 1 } }, /keep has no option "seconds"/, TypeError],
      ['kept number', { keep: { frames: '1' } }, /keep.frames must be a number, not "1"/, TypeError],
      [
        'kept over cap',
        { keep: { bytes: 70_000 }, memoryCap: 65_536 },
        /keep.bytes \(70000\) must not be over memoryCap \(65536\)/,
        RangeError,
      ],
    ];
  it.each(bad)('%s is refused with a message that names it', (_name, options, message, type) => {
    expect(() => new MultiFdSink(options as SinkOptions)).toThrow(message);
    expect(() => new MultiFdSink(options as SinkOptions)).toThrow(type);
  });

  it.each([
    ['limits at their bounds', { softLimit: { ms: 400 }, hardLimit: { ms: 400 }, flushInterval: 200 }],
    ['limits in units that cannot be compared', { softLimit: { ms: 1 }, hardLimit: { frames: 0 } }],
    ['a maximum below the default minimum', { syncMethod: 'burst', burstMax: { bytes: 10 } }],
    ['minimum and maximum in different units', { burstMin: { bytes: 9 }, burstMax: { frames: 1 } }],
    ['part of what can be kept', { keep: { ms: 1.5 } }],
  ] as [string, SinkOptions][])('%s are accepted', async (_name, options) => {
    await new MultiFdSink(options).close();
  });

  it("a client's options are checked against the sink's", async () => {
    const sink = new MultiFdSink({
      hardLimit: { frames: 9 },
      burstMin: { frames: 5 },
      flushInterval: 10,
      memoryCap: 65_536,
    });
    const add = (options: object) => () => sink.add(1, options);
    expect(add({ softLimit: { frames: 10 } })).toThrow(/softLimit.frames \(10\).*hardLimit.frames \(9\)/);
    expect(add({ hardLimit: { ms: 19 } })).toThrow(/hardLimit.ms \(19\).*twice flushInterval \(10\)/);
    expect(add({ burstMax: { frames: 4 } })).toThrow(/burstMin.frames \(5\).*burstMax.frames \(4\)/);
    expect(add({ burstMin: { bytes: 70_000 } })).toThrow(/burstMin.bytes \(70000\).*memoryCap \(65536\)/);
    expect(add({ syncMethod: 'burts' })).toThrow(/syncMethod must be .* not "burts"/);
    expect(add({ recoverPolicy: 1 })).toThrow(/recoverPolicy must be .* not 1/);
    expect(add({ positionOn: 'push' })).toThrow(/add options has no option "positionOn"/);
    expect(sink.stats.clientsAdded).toBe(0);
    await sink.close();
  });

  it('setLimits refuses what the sink could not have been made with, and then changes nothing', async () => {
    const sink = new MultiFdSink({ softLimit: { frames: 5 }, flushInterval: 10 });
    const set = (limits: object) => () => sink.setLimits(limits);
    expect(set({ hardLimit: { frames: 4 } })).toThrow(/softLimit.frames \(5\).*hardLimit.frames \(4\)/);
    expect(set({ softLimit: { ms: 19 } })).toThrow(/softLimit.ms \(19\).*twice flushInterval/);
    expect(set({ softLimits: { ms: 1 } })).toThrow(
      /limits has no option "softLimits" \(there are: softLimit,/,
    );
    expect(set({ syncMethod: 'latest' })).toThrow(/limits has no option "syncMethod"/);
    expect(() => sink.setLimits(undefined as never)).toThrow(/limits must be an object, not undefined/);
    expect(set({ hardLimit: { frames: 4 } })).toThrow(RangeError);
    sink.setLimits({});
    sink.setLimits({ softLimit: { frames: 3 }, hardLimit: { frames: 4 } });
    expect(set({ softLimit: { frames: 5 } })).toThrow(/hardLimit.frames \(4\)/);
    await sink.close();
  });

  it('configure() refuses nonsense, and comes too late after the first sink', async () => {
    expect(() => configure({ loops: 0 })).toThrow(/loops must be from 1 to 64, not 0/);
    expect(() => configure({ loop: 1 } as never)).toThrow(/no option "loop"/);
    const sink = new MultiFdSink();
    expect(() => configure({ loops: 2 })).toThrow(/comes too late/);
    await sink.close();
  });
});
