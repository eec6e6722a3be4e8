import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 20_000,
    include: ['test/**/*.test.ts'],
    // The virtual machines take long, and all processors: they come after the others. See vitest.vm.config.ts.
    exclude: ['test/vm/**'],
  },
});
