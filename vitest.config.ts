import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const WORKERS_MIN = 2;
/** What takes minutes and a machine of its own: `npm run verify`. */
const LONG = '{machines,entities,src,load-tests,grafana,toolchain,helm}/**/*.verify.test.ts';
const isLong = process.env['VERIFY'] !== undefined;

export default defineConfig({
  test: {
    pool: 'forks',
    include: [isLong ? LONG : '{machines,entities,src,load-tests,grafana,toolchain,helm}/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(isLong ? [] : [LONG])],
    maxWorkers: isLong ? 1 : Math.max(WORKERS_MIN, availableParallelism() - 1),
    testTimeout: 60_000,
    setupFiles: ['toolchain/patience.ts'],
    expect: { poll: { timeout: 15_000 } },
    // The first to need a part may wait for its download.
    hookTimeout: 180_000,
  },
});
