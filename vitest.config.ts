import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const full = process.env.FLUMEN_FULL === '1';

export default defineConfig({
  resolve: { alias: { flumen: fileURLToPath(new URL('./lib/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    // A newcomer's whole way (install, compile, pack) takes minutes: `npm run test:full`.
    exclude: full ? [] : ['test/newcomer-*.test.ts'],
    // A process for each file: the addon's threads, descriptors and counters of one file must not be seen by another.
    pool: 'forks',
    // Two at a time on any machine: more would make every test with a deadline depend on how many cores there are.
    maxWorkers: 2,
    testTimeout: full ? 300_000 : 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    // A test that passes at the second try has found something.
    retry: 0,
    passWithNoTests: false,
  },
});
