// The benchmarks: figures, not promises. `npm run bench` runs all of them, `npm run bench -- ingest` one.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['bench/**/*.bench.ts'],
    setupFiles: ['test/support/setup.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // One at a time: what runs beside a measurement is measured too.
    fileParallelism: false,
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
