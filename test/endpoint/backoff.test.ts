import { expect, it } from 'vitest';
import { Backoff, checkReconnect } from '../../lib/endpoint/backoff.js';

it('doubles up to the maximum, half of it by chance, and begins anew after a reset', () => {
  const longest = new Backoff(100, 1000, () => 1);
  expect(Array.from({ length: 6 }, () => longest.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(longest.attempts).toBe(6);
  const shortest = new Backoff(100, 1000, () => 0);
  expect(Array.from({ length: 6 }, () => shortest.next())).toEqual([50, 100, 200, 400, 500, 500]);
  shortest.reset();
  expect(shortest.next()).toBe(50);
  const tireless = new Backoff(1, 2, () => 1);
  for (let i = 0; i < 5000; i += 1) expect(tireless.next()).toBeLessThanOrEqual(2);
});

it('reads its options', () => {
  expect(checkReconnect(false)).toBeUndefined();
  expect(checkReconnect(undefined)).toMatchObject({ initial: 500, max: 30_000 });
  expect(checkReconnect({ initial: 60_000 })).toMatchObject({ initial: 60_000, max: 60_000 });
  expect(() => checkReconnect({ initial: 0 })).toThrow(/reconnect\.initial must be from 1/);
  expect(() => checkReconnect({ initial: 9, max: 8 })).toThrow(
    /initial \(9\) must not be over reconnect\.max \(8\)/,
  );
  expect(() => checkReconnect({ min: 9 } as never)).toThrow(/reconnect has no option "min"/);
  expect(() => checkReconnect(true as never)).toThrow(/reconnect must be \{ initial, max \} or false/);
});
