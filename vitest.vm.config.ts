import { defineConfig } from 'vitest/config';

/** Each file plays its scenarios one after another, on one virtual machine at a time. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    include: ['test/vm/**/*.test.ts'],
    // More machines than processors take longer than one after another.
    maxWorkers: 2,
    // The first of two files that need it makes the image, and the other waits.
    hookTimeout: 900_000,
    reporters: ['default', './test/vm/times.ts'],
  },
});
