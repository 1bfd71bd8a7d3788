// The cost curve: CPU of `flumen serve` and of the C floor with the same flush interval and the same number of slots, from 10 to 10,000 clients.
// flumen has a live source: it is woken by each frame, and so is the floor that it is held against. The other floors show what that alone costs.
import { compete } from '../lib/field.mjs';
import { startFlumen } from '../rivals/flumen.mjs';

const sizes = [10, 30, 100, 300, 1000, 3000, 10_000];
const frame = { rate: 38.28, size: 417, container: 'mp3' };
const servers = [['flumen-200', (o) => startFlumen({ ...o, flush: 200 })]];

export async function curve(o, say) {
  const sessions = [];
  for (const clients of o.clients ?? sizes) {
    const field = { ...frame, liveFloor: true, ...o, clients, servers, sockets: ['floor-200'] };
    const result = await compete(field, say);
    const row = (name) => result.rows.find(({ contender }) => contender === name);
    const [ours, floor] = [row('flumen-200'), row('floor-200-live')];
    const value = ours.nsPerByte / floor.nsPerByte;
    const limit = clients >= 100 ? 1.2 : undefined;
    const what = `CPU a byte, flumen-200 / C floor of the same slots, ${clients} clients`;
    sessions.push({ ...result, checks: [{ what, value, limit }] });
  }
  return { sessions };
}
