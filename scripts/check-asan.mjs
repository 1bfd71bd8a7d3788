// check-asan.mjs [--addon]: the core's tests, then the addon itself inside Node, under AddressSanitizer and UndefinedBehaviorSanitizer.
// With --addon the latter only. Leaks are looked for in the core's tests alone: Node leaves too much behind at its end; what the addon
// holds is counted instead (test/fd-accounting).
import { checkCore } from './support/core.mjs';
import { main } from './support/run.mjs';
import { checkAddon } from './support/sanitized-addon.mjs';

await main(async () => {
  if (!process.argv.includes('--addon')) await checkCore('asan');
  await checkAddon();
});
