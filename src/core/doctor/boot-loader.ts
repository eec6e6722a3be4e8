import type { CountingFacts, FragmentFacts, GrubenvFacts, PasswordFacts, Stub } from './facts.ts';
import { bad, type Judgement, named, ok, unsure } from './finding.ts';

const INSTALL = 'goodboot install-grub';

/** Does the boot loader run what counts the boots of a trial? */
export function judgeFragment(facts: FragmentFacts): Judgement {
  const { directory, fragment, start, proven, isOlderThanBoot } = facts;
  if (proven === true) return ok('GRUB ran it at the start of this boot, and could write');
  if (directory === null) return unsure('there is no grub.cfg in /boot', 'see that /boot is mounted, and ask again');
  const grubCfg = `${directory}/grub.cfg`;
  if (fragment === 'unreadable') return unsure(`${grubCfg} or a file that it reads cannot be read`);
  if (fragment === 'absent') return bad(`${grubCfg} does not read it: no boot would be counted`, INSTALL);
  // Only a boot proves it, and there was one.
  if (proven === false && isOlderThanBoot) {
    return bad(
      `${grubCfg} had it before this boot, and GRUB left no proof that it ran and could write`,
      'look for another grub.cfg (find /boot /efi -name grub.cfg) and at what grub2-editenv list says after a reboot',
    );
  }
  if (start.kind === 'unseen') {
    return unsure(
      `${grubCfg} reads it, but whether GRUB reads that file is not seen: ${start.why}`,
      'reboot once: GRUB then proves it; or mount the EFI system partition (mount -o ro DEVICE /boot/efi) and ask again',
    );
  }
  const trouble = start.kind === 'stubs' ? judgeStubs(start.stubs, grubCfg) : null;
  if (trouble !== null) return trouble;
  return ok(`${grubCfg} reads it; the next boot proves it`);
}

function judgeStubs(stubs: readonly Stub[], grubCfg: string): Judgement | null {
  const others = stubs.filter(({ leads }) => leads !== 'here');
  if (others.length === 0) return null;
  const told = named(others.map(({ file, why }) => `${file} ${why}`));
  const cure = `let it lead to ${grubCfg}: bootupctl update, or install GRUB again`;
  // Which of them the firmware starts is not known: as long as one leads here, this is no "no".
  if (others.length === stubs.length && others.every(({ leads }) => leads === 'elsewhere')) return bad(told, cure);
  return unsure(told, cure);
}

/** Can GRUB keep its counter? */
export function judgeGrubenv({ path, trouble, place, isLinkedAway, proven }: GrubenvFacts): Judgement {
  if (trouble !== null)
    return trouble.isWrong ? bad(trouble.message, trouble.hint) : unsure(trouble.message, trouble.hint);
  if (proven === true) return ok(`${path}: whole, and written by GRUB at the start of this boot`);
  if (isLinkedAway) {
    return bad(
      `${path} is a link to another file system, which GRUB does not follow`,
      `make it a file: rm ${path}, then grub2-editenv ${path} create`,
    );
  }
  if (place === null) return unsure(`${path}: on which file system it lies cannot be told`);
  if (place.canWrite) return ok(`${path}: whole, on ${place.type} (${place.source}), which GRUB can write`);
  return bad(
    `${path} lies on ${place.type} (${place.source}), where GRUB cannot write: it would never count`,
    'put /boot on a partition of its own, with ext4, xfs or vfat, without LVM, RAID or encryption',
  );
}

/** systemd-boot counts where entries have a counter in their name. */
export const judgeCounting = ({ attempts }: CountingFacts): Judgement =>
  typeof attempts === 'number'
    ? ok(`systemd-boot gives a new deployment ${attempts} attempts`)
    : bad(
        attempts.refused,
        'ostree config set sysroot.boot-counting-tries 3 (or 3 in /etc/kernel/tries); name no default in loader.conf',
      );

/** The user unit of Fedora's GRUB that marks a boot good because somebody was logged in. */
export const judgeFreezer = ({ timer }: { readonly timer: string | null }): Judgement =>
  timer === null
    ? ok('nothing else marks boots good')
    : bad(
        `${timer} marks a boot good two minutes after a login: a bad boot would not be counted`,
        'systemctl --global mask grub-boot-success.timer',
      );

/** Does the fallback entry start without a person at the keyboard? */
export function judgePassword({ superusers, restricted, restrictsOthers }: PasswordFacts): Judgement {
  if (!superusers) return ok('GRUB asks for no password');
  if (restricted.length === 0 && !restrictsOthers)
    return ok('GRUB has a password, and no entry of a deployment asks for it');
  const cure =
    'ostree config unset sysroot.bls-append-except-default; then take the lines grub_users out of /boot/loader/entries/*.conf';
  if (restricted.length > 0) return bad(`GRUB would ask for its password before it starts ${named(restricted)}`, cure);
  return bad('GRUB has a password, and OSTree lets it ask before it starts any but the newest deployment', cure);
}

/** What there is to mark and to count with at all. */
export function judgeBootLoader({ name, detail }: { readonly name: string; readonly detail: string }): Judgement {
  if (name !== 'noop') return ok(`${name}: ${detail}`);
  return detail === 'the configuration says noop'
    ? bad(detail, 'set bootLoader: auto in /etc/goodboot/config.yaml')
    : bad(`none that can fall back: ${detail}`, 'see that /boot is mounted; only GRUB and systemd-boot can fall back');
}
