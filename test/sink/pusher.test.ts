/** The door of push(): a function that belongs to one sink, and does not keep it. */
import { expect, it } from 'vitest';
import { MultiFdSink } from '../../lib/index.js';
import { native } from '../../lib/native.js';

it('each has its own sink, and throws when that has ended', async () => {
  const [gone, here] = [new MultiFdSink(), new MultiFdSink()];
  const [stale, live] = [native.sinkPusher(gone.nativeId), native.sinkPusher(here.nativeId)];
  await gone.close();
  expect(() => stale(Buffer.from('late'))).toThrow(
    expect.objectContaining({ code: 'ERR_FLUMEN_CLOSED', message: 'the sink is closed' }),
  );
  expect(live(Buffer.from('on time'))).toBe(true);
  expect([gone.stats.bytesToServe, here.stats.bytesToServe]).toEqual([0, 7]);
  expect(() => native.sinkPusher(gone.nativeId)).toThrow('the sink is closed');
  await here.close();
});
