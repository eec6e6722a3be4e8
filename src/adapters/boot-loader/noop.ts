import { GoodbootError } from '../../core/errors.ts';
import type { BootLoader } from '../../ports/boot-loader.ts';

/** No boot loader that goodboot can tell anything. `detail` says why. */
export function makeNoop(detail: string): BootLoader {
  return {
    name: 'noop',
    detail,
    can: { mark: false, countAttempts: false },
    read: async () => ({ counter: null, success: null }),
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
