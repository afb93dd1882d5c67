import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const WORKERS_MIN = 2;

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['{machines,entities,src,load-tests,toolchain}/**/*.test.ts'],
    maxWorkers: Math.max(WORKERS_MIN, availableParallelism() - 1),
    testTimeout: 60_000,
    // The first to need a part may wait for its download.
    hookTimeout: 180_000,
  },
});
