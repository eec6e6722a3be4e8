import { GoodbootError } from '../../core/errors.ts';
import type { BootLoader } from '../../ports/boot-loader.ts';

/**
 * No boot loader that goodboot can tell anything. `detail` says why. Unless that is wanted, a deployment on trial is
 * counted by one that is not found now, as where /boot is not mounted: that it has no counter is not said of it.
 */
export function makeNoop(detail: string, { isWanted = false } = {}): BootLoader {
  return {
    name: 'noop',
    detail,
    can: { mark: false, countAttempts: false },
    read: async (onTrial = null) => {
      if (onTrial === null || isWanted) return { counter: null, success: null };
      const hint = { hint: 'see that /boot is mounted; where nobody counts any more, set bootLoader: noop' };
      throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `the counter of the trial cannot be read: ${detail}`, hint);
    },
    takeProof: async () => false,
    needsOwnMounts: async () => false,
    hasFallback: async () => null,
    attemptsFor: async () => {
      throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `nobody counts: ${detail}`);
    },
    apply: async (change) => {
      if (Object.keys(change).length === 0) return false;
      throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `no boot loader to mark: ${detail}`);
    },
  };
}
