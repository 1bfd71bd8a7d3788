// Latency of 1,000 listeners at flush intervals of 0, 20, 100 and 200 ms, and what each costs: push → received, on one clock.
import { compete } from '../lib/field.mjs';

const intervals = [0, 20, 100, 200];
const frame = { rate: 38.28, size: 417 };

export async function latency(o, say) {
  const sessions = [];
  for (const clients of o.clients ?? [1000, 4000]) {
    const sockets = [...intervals.map((ms) => `ours-${ms}`), 'floor-0', 'naive', 'multifdsink'];
    const result = await compete({ ...frame, ...o, clients, servers: [], sockets }, say);
    sessions.push({ ...result, checks: [] });
  }
  return { sessions };
}
