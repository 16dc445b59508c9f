import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/skipped.ts'],
    // For what hangs, not for what is slow: a machine that others load makes everything five times slower.
    testTimeout: 150_000,
    hookTimeout: 150_000,
    // More than the two cores of a small machine: most of the time is spent waiting (for a slot, for a lock to run out).
    maxWorkers: 3,
    // The product is loaded once per worker, not once per file. What a file leaves behind is removed by test/support/clean-up.ts.
    isolate: false,
  },
});
