import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 20_000,
    include: ['test/**/*.test.ts'],
    globalSetup: [],
  },
});
