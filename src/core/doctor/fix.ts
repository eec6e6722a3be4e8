import type { DoctorFacts } from './facts.ts';
import { disabledUnits } from './services.ts';

/** One thing that is safe to mend: it can be done twice, takes nothing away, and a person can undo it. */
export type Fix = {
  /** What is done, in words. */
  readonly change: string;
  /** The command that undoes it. */
  readonly undo: string;
} & (
  | { readonly kind: 'install-grub' }
  | { readonly kind: 'enable'; readonly units: readonly string[] }
  | { readonly kind: 'mask-timer'; readonly path: string }
  /** Writes a file of our own; `run` are the commands that have it take effect on a running machine. */
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly content: string;
      readonly run: readonly (readonly [string, ...string[]])[];
    }
);

const SYSCTL = '/etc/sysctl.d/50-goodboot.conf';
const JOURNALD = '/etc/systemd/journald.conf.d/50-goodboot.conf';
/** Where systemd keeps its own programs, on every distribution since /usr was merged. */
const SYSTEMD_SYSCTL = '/usr/lib/systemd/systemd-sysctl';
const BOOT_SUCCESS = '/etc/systemd/user/grub-boot-success.timer';

/** What can be mended, in the order in which it is done. What a person has decided otherwise is left to that person. */
export function fixesFor(facts: DoctorFacts): readonly Fix[] {
  const fixes: Fix[] = [];
  const { fragment, units, panic, journal, freezer } = facts;
  if ('seen' in fragment && fragment.seen.directory !== null && fragment.seen.fragment === 'absent') {
    const change = `let ${fragment.seen.directory}/grub.cfg run the counting fragment`;
    fixes.push({ kind: 'install-grub', change, undo: 'goodboot install-grub --remove' });
  }
  const off = 'seen' in units ? disabledUnits(units.seen.units) : [];
  if (off.length > 0) {
    const names = off.join(' ');
    fixes.push({ kind: 'enable', units: off, change: `enable ${names}`, undo: `systemctl disable ${names}` });
  }
  if ('seen' in freezer && freezer.seen.timer?.startsWith('/usr/')) {
    const change = 'mask grub-boot-success.timer for all users';
    fixes.push({ kind: 'mask-timer', path: BOOT_SUCCESS, change, undo: `rm ${BOOT_SUCCESS}` });
  }
  if ('seen' in panic && panic.seen.timeout === 0) {
    fixes.push({
      kind: 'file',
      path: SYSCTL,
      content:
        '# A kernel that panicked reboots, so that its boot counts. Made by goodboot doctor --fix.\nkernel.panic = 10\n',
      run: [[SYSTEMD_SYSCTL, SYSCTL]],
      change: `write ${SYSCTL}: kernel.panic = 10`,
      undo: `rm ${SYSCTL}`,
    });
  }
  if ('seen' in journal && !journal.seen.isPersistent && !['volatile', 'none'].includes(journal.seen.storage)) {
    fixes.push({
      kind: 'file',
      path: JOURNALD,
      content:
        '# What a failed boot said is still there after it. Made by goodboot doctor --fix.\n[Journal]\nStorage=persistent\n',
      run: [
        ['systemctl', 'restart', 'systemd-journald.service'],
        ['journalctl', '--flush'],
      ],
      change: `write ${JOURNALD}: Storage=persistent`,
      undo: `rm ${JOURNALD}`,
    });
  }
  return fixes;
}
