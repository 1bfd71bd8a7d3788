// check-tsan.mjs: the core's tests and churn under ThreadSanitizer.
import { checkCore } from './support/core.mjs';
import { main } from './support/run.mjs';

await main(() => checkCore('tsan'));
