// Calls a function `rate` times a second against absolute deadlines, as a live source would.
import { setImmediate, setTimeout } from 'node:timers/promises';

const patienceMs = 500;

/**
 * Runs `push()` `count` times, the i-th no earlier than i/rate seconds after the start. A loop that cannot keep the cadence
 * is stopped half a second after the plan's end. Returns how many pushes were made.
 */
export async function pace(count, rate, push) {
  const start = performance.now();
  const end = start + (count / rate) * 1000 + patienceMs;
  let made = 0;
  while (made < count) {
    const now = performance.now();
    if (now >= end) break;
    const wait = start + (made * 1000) / rate - now;
    if (wait > 0) {
      await setTimeout(Math.ceil(wait));
    } else {
      push();
      made++;
      // Late already: the event loop must get its turn all the same, or a saturated rival could never finish a write.
      if (wait < -1000 / rate) await setImmediate();
    }
  }
  return made;
}
