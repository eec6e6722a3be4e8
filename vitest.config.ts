import { defineConfig } from 'vitest/config';

/** The virtual machines take long, and have their own command: npm run vm. */
const VM = 'test/vm/**/*.test.ts';
const isVm = process.env.GOODBOOT_VM === '1';

export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 20_000,
    include: [isVm ? VM : 'test/**/*.test.ts'],
    exclude: isVm ? [] : [VM],
  },
});
