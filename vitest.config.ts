import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/skipped.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // More than the two cores of a small machine: most of the time is spent waiting (for a slot, for a lock to run out).
    maxWorkers: 3,
  },
});
