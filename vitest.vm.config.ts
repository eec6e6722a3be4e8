import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, longest first; the others follow. A long one at the end would leave a lane idle. */
const LONG = ['power-cut-update', 'drill', 'power-cut-rollback', 'services', 'early', 'hands', 'trial', 'systemd-boot'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.indexOf(basename(moduleId, '.test.ts'));
      return at === -1 ? LONG.length : at;
    };
    return files.toSorted((one, other) => place(one) - place(other));
  }
}

/** Each file plays its scenarios one after another, on one virtual machine at a time. */
export default defineConfig({
  test: {
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    include: ['test/vm/**/*.test.ts'],
    sequence: { sequencer: LongestFirst },
    // More machines than processors take longer than one after another.
    maxWorkers: 2,
    // The first of two files that need it makes the image, and the other waits.
    hookTimeout: 900_000,
    reporters: ['default', './test/vm/times.ts'],
  },
});
