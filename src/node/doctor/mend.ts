import type { Fix } from '../../core/doctor/fix.ts';
import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';

export interface MendDeps {
  readonly files: Files;
  readonly processes: Processes;
  /** Where the files lie, when the machine does not run here. */
  readonly root: string | null;
  /** Has GRUB run the counting fragment. */
  readonly installGrub: () => Promise<void>;
}

const TIMEOUT_MS = 30_000;

/**
 * Mends one thing. Done twice it is the same as done once.
 * @throws GoodbootError FILE_UNWRITABLE, PROGRAM_*, and what installing the fragment throws
 */
export async function mend(fix: Fix, deps: MendDeps): Promise<void> {
  const { files, root } = deps;
  switch (fix.kind) {
    case 'install-grub':
      return deps.installGrub();
    case 'enable':
      return must(deps, ['systemctl', ...(root === null ? [] : [`--root=${root}`]), 'enable', ...fix.units]);
    case 'mask-timer':
      return place(files, fix.path, () => files.link('/dev/null', fix.path));
    case 'file':
      await place(files, fix.path, () => files.replace(fix.path, fix.content));
      if (root === null) for (const argv of fix.run) await must(deps, argv);
  }
}

async function place(files: Files, path: string, write: () => Promise<void>): Promise<void> {
  await files.makeDirectory(path.replace(/\/[^/]*$/, ''));
  await write();
}

async function must({ processes }: MendDeps, argv: readonly [string, ...string[]]): Promise<void> {
  const { exitCode, timedOut, stderr } = await processes.run(argv, { timeoutMs: TIMEOUT_MS });
  if (exitCode === 0) return;
  const said = timedOut ? 'no end in time' : stderr.trim().split('\n').at(-1) || `exit status ${exitCode}`;
  throw new GoodbootError(timedOut ? 'PROGRAM_TIMEOUT' : 'PROGRAM_FAILED', `${argv.join(' ')}: ${said}`);
}
