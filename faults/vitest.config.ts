// The fault report: `npm run faults` injects every trouble and writes docs/faults.md; FAULTS_SHORT=1 tries a few and
// writes nothing.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['faults/**/*.faults.ts'],
    setupFiles: ['test/support/setup.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/skipped.ts'],
    // Most of the time is spent waiting.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
