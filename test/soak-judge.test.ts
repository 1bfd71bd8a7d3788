/** The judge of the soak: it has to see growth in noise, and none where there is only noise. */
import { describe, expect, it } from 'vitest';
import { judgeGrowth } from '../bench/soak/judge.mjs';

/** An hour of samples every 5 s: noise that lasts (each sample is much like the one before), and growth on top. */
function series(perHour: number, seed: number): [number, number][] {
  let x = seed;
  let wander = 0;
  return Array.from({ length: 720 }, (_, i) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    wander = 0.8 * wander + (x / 2 ** 32 - 0.5);
    return [i * 5, 100 + wander + (perHour * i) / 720];
  });
}

describe('the judge of the soak', () => {
  it('sees no growth in noise', () => {
    for (let seed = 1; seed <= 50; seed++) expect(judgeGrowth(series(0, seed), 1).grows).toBe(false);
  });

  it('finds noise alone indistinguishable from zero, nineteen times of twenty', () => {
    const zero = Array.from({ length: 100 }, (_, i) => judgeGrowth(series(0, i + 1), 1)).filter(
      (g) => g.zero,
    );
    expect(zero.length).toBeGreaterThanOrEqual(85);
  });

  it('sees growth that is more than allowed', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const judged = judgeGrowth(series(3, seed), 1);
      expect(judged.grows).toBe(true);
      expect(judged.perHour).toBeCloseTo(3, 0);
    }
  });

  it('lets growth pass that is allowed, and says that it is there', () => {
    const judged = judgeGrowth(series(3, 1), 4);
    expect(judged).toMatchObject({ grows: false, zero: false });
  });

  it('does not call a step growth when it lies within what is allowed', () => {
    const step = series(0, 7).map(([x, y]): [number, number] => [x, x > 1_800 ? y + 1 : y]);
    expect(judgeGrowth(step, 2).grows).toBe(false);
    expect(judgeGrowth(step, 0.1).grows).toBe(true);
  });

  it('does not judge a handful of samples', () => {
    expect(() => judgeGrowth(series(0, 1).slice(0, 5), 1)).toThrow(RangeError);
  });
});
