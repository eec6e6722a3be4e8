import { makeProcesses } from '../adapters/process/run.ts';
import { GoodbootError } from '../core/errors.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import { ownCommandLine } from './own-program.ts';

/** Set for the second run, so that there is never a third. */
const GUARD = 'GOODBOOT_OWN_MOUNTS';
const UNSHARE = '/usr/bin/unshare';
const ARGUMENTS = ['--mount', '--propagation', 'private', '--'];
const TIMEOUT_MS = 10_000;

/**
 * Runs this command line again, in a mount namespace of its own, where the boot loader needs one to be marked. Comes
 * back when that is not so. Nothing may have been done or printed before.
 * @throws GoodbootError GRUBENV_UNWRITABLE, PROGRAM_*
 */
export async function enterOwnMounts(bootLoader: BootLoader): Promise<void> {
  if (process.env[GUARD] !== undefined || !(await bootLoader.needsOwnMounts())) return;
  // What execve(2) starts can no longer be reported on: it is tried out first.
  const tried = await makeProcesses().run([UNSHARE, ...ARGUMENTS, 'true'], { timeoutMs: TIMEOUT_MS });
  if (tried.exitCode !== 0) {
    const why = tried.stderr.split('\n', 1)[0] || 'unshare did not end in time';
    throw new GoodbootError('GRUBENV_UNWRITABLE', `${bootLoader.detail} is on a read-only file system: ${why}`, {
      hint: 'run it as root, where mount namespaces may be made',
    });
  }
  process.execve?.(UNSHARE, ['unshare', ...ARGUMENTS, ...ownCommandLine()], { ...process.env, [GUARD]: 'yes' });
}
