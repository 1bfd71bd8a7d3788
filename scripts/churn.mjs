// churn.mjs [--minutes N] [--clients N] [--preset dev|asan|tsan]: clients that join, stall and leave at random while every
// byte they get is checked; ten minutes of 2,000 clients under AddressSanitizer unless told otherwise. Prints totals.
import { parseArgs } from 'node:util';
import { churnCore } from './support/core.mjs';
import { main, StepFailed } from './support/run.mjs';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '2000' },
    preset: { type: 'string', default: 'asan' },
  },
});

await main(async () => {
  const minutes = Number(options.minutes);
  const clients = Number(options.clients);
  if (!(minutes > 0) || !Number.isInteger(clients) || clients < 1)
    throw new StepFailed(
      'usage: node scripts/churn.mjs [--minutes N] [--clients N] [--preset dev|asan|tsan]',
    );
  await churnCore(options.preset, { duration: Math.ceil(minutes * 60), clients });
});
