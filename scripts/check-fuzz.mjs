// check-fuzz.mjs [--seconds N]: every fuzzer for its share of N seconds (600), under ASan and UBSan. A finding is kept as a file under
// build/core-fuzz and ends it.
import { parseArgs } from 'node:util';
import { fuzzCore } from './support/core.mjs';
import { main, StepFailed } from './support/run.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '600' } } });

await main(async () => {
  const total = Number(values.seconds);
  if (!(total >= 1)) throw new StepFailed('usage: node scripts/check-fuzz.mjs [--seconds N]');
  const fuzzers = await fuzzCore(total);
  console.log(`fuzz: ${fuzzers.length} fuzzers found nothing`);
});
