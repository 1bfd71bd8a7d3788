// months.mjs [--days N] [--listeners N]: three sinks through simulated months, 90 days with 10,000 listeners unless told
// otherwise. Prints totals.
import { parseArgs } from 'node:util';
import { monthsCore } from './support/core.mjs';
import { main, StepFailed } from './support/run.mjs';

const { values: options } = parseArgs({
  options: { days: { type: 'string', default: '90' }, listeners: { type: 'string', default: '10000' } },
});

await main(async () => {
  const days = Number(options.days);
  const listeners = Number(options.listeners);
  if (!(days > 0) || !Number.isInteger(listeners) || listeners < 1)
    throw new StepFailed('usage: node scripts/months.mjs [--days N] [--listeners N]');
  await monthsCore({ days, listeners });
});
