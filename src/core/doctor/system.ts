import { formatDuration } from '../duration.ts';
import { formatSize } from '../size.ts';
import type {
  ClockFacts,
  DeploymentFacts,
  JournalFacts,
  MemoryFacts,
  PanicFacts,
  SpaceFacts,
  WatchdogFacts,
} from './facts.ts';
import { type Asked, bad, type Judgement, named, ok, unsure, warn } from './finding.ts';

/** Is there a deployment to go back to, and is it whole? What runs now is what the next update goes back to. */
export function judgeDeployments({ booted, entries }: DeploymentFacts): Judgement {
  if (booted === null) {
    return bad(
      'this system has no deployments, so there is nothing to go back to',
      'boots are judged and marked all the same; going back needs an OSTree system (rpm-ostree, bootc)',
    );
  }
  if (entries === null) return unsure('there is no /boot/loader/entries', 'see that /boot is mounted, and ask again');
  const broken = entries.filter(({ faults }) => faults.length > 0);
  if (broken.length > 0) {
    return bad(
      named(broken.map(({ file, faults }) => `${file}: ${faults.join(', ')}`)),
      'take the broken deployment away (rpm-ostree cleanup -r, ostree admin undeploy N) and update again',
    );
  }
  const known = new Set(entries.flatMap(({ deployment }) => deployment ?? []));
  const unknown = entries.filter(({ deployment }) => deployment === null).map(({ file }) => file);
  if (!known.has(booted)) {
    return unknown.length > 0
      ? unsure(`which deployments ${named(unknown)} start cannot be told`)
      : bad(
          'no boot entry starts the deployment that runs',
          'rpm-ostree status or ostree admin status shows what is deployed',
        );
  }
  const others = known.size - 1 + unknown.length;
  if (others > 0) return ok(`${known.size + unknown.length} deployments, kernel and initrd of each in place`);
  return warn(
    'only the one that runs: it is whole, and the next update can go back to it, but there is none to go back to now',
    'nothing needs to be done: an update brings the second one',
  );
}

/** Does a kernel that panicked ever start again? A hardware watchdog does it too. */
export function judgePanic({ timeout, atStart }: PanicFacts, watchdog: Asked<WatchdogFacts>): Judgement {
  const cure = 'rpm-ostree kargs --append-if-missing=panic=10 (bootc: a file in /usr/lib/bootc/kargs.d)';
  const early = atStart !== null && atStart !== 0;
  if (timeout !== 0 && early) return ok(timeout < 0 ? 'a panic reboots at once' : `a panic reboots after ${timeout} s`);
  if (timeout !== 0) return warn('a panic reboots, but not one before the settings of sysctl are read', cure);
  const isWatched =
    'seen' in watchdog && watchdog.seen.runtimeMs > 0 && watchdog.seen.devices.some(({ isSoftware }) => !isSoftware);
  return isWatched
    ? warn('kernel.panic is 0: only the watchdog reboots a kernel that panicked', cure)
    : bad('kernel.panic is 0: a kernel that panicked stays down for ever, and no boot is counted', cure);
}

/** Is there somebody to reboot a system that hangs? */
export function judgeWatchdog({ runtimeMs, devices }: WatchdogFacts): Judgement {
  const [device] = devices.toSorted((one, other) => Number(one.isSoftware) - Number(other.isSoftware));
  if (device === undefined) {
    return warn(
      'no watchdog: a system that hangs stays so until a person comes',
      'a driver for the board, or modprobe softdog; then RuntimeWatchdogSec=1min in /etc/systemd/system.conf.d/watchdog.conf',
    );
  }
  const which = `${device.name} (${device.identity})`;
  if (runtimeMs === 0) {
    return warn(
      `${which} is there, and systemd does not use it`,
      'RuntimeWatchdogSec=1min below [Manager] in /etc/systemd/system.conf.d/watchdog.conf, then systemctl daemon-reexec',
    );
  }
  const time = formatDuration(runtimeMs);
  return device.isSoftware
    ? ok(`${which} resets a system that hangs for ${time}, unless its kernel hangs too`)
    : ok(`${which} resets a system that hangs for ${time}`);
}

/** Is what a failed boot said still there after it? */
export function judgeJournal({ isPersistent, storage }: JournalFacts): Judgement {
  if (isPersistent) return ok('it is kept on the disk');
  const why = 'it is kept in memory: what a failed boot said is lost with it';
  return ['volatile', 'none'].includes(storage)
    ? warn(
        `${why} (Storage=${storage})`,
        'set Storage=persistent in /etc/systemd/journald.conf.d, then systemctl restart systemd-journald',
      )
    : warn(why, 'goodboot doctor --fix');
}

/** Is the time good enough for certificates, windows and the memory of crashes? */
export function judgeClock({ nowMs, builtMs, synchronised }: ClockFacts): Judgement {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const cure = 'timedatectl; systemctl status chronyd.service systemd-timesyncd.service';
  if (nowMs < builtMs) return bad(`it says ${day(nowMs)}, and goodboot was built on ${day(builtMs)}`, cure);
  if (synchronised === null) return unsure('plausible; whether it follows a time source cannot be told');
  return synchronised ? ok('synchronised') : warn('plausible, but it follows no time source', cure);
}

/** Room in /boot that one more file of GRUB or ostree always takes. */
const LEAST_BOOT_BYTES = 1024 * 1024;
/** Room that the ledger, the state and the evidence of a boot need; as much again is soon used up. */
const LEAST_VAR_BYTES = 16 * 1024 * 1024;
const SPARE_VAR_BYTES = 256 * 1024 * 1024;

/** Is there room for another deployment in /boot, and for what goodboot writes down in /var? */
export function judgeSpace({ boot, var: data, kernelBytes, isBootApart }: SpaceFacts): Judgement {
  const faults: Judgement[] = [];
  if (data === null) faults.push(unsure('/var is not there'));
  else if (data.freeBytes < LEAST_VAR_BYTES || (data.totalInodes > 0 && data.freeInodes < 64)) {
    faults.push(
      bad(
        `/var has ${formatSize(data.freeBytes)} left: nothing could be written down`,
        'make room in /var: journalctl --vacuum-size=200M, podman system prune',
      ),
    );
  } else if (data.freeBytes < SPARE_VAR_BYTES) {
    faults.push(
      warn(
        `/var has only ${formatSize(data.freeBytes)} left`,
        'make room in /var: journalctl --vacuum-size=200M, podman system prune',
      ),
    );
  }
  if (boot !== null && boot.freeBytes < LEAST_BOOT_BYTES) {
    faults.push(
      bad(`/boot has ${formatSize(boot.freeBytes)} left`, 'rpm-ostree cleanup -p, or take a pinned deployment away'),
    );
  } else if (boot !== null && isBootApart && kernelBytes !== null && boot.freeBytes < kernelBytes) {
    const wanted = formatSize(kernelBytes);
    faults.push(
      warn(
        `/boot has ${formatSize(boot.freeBytes)} left, a deployment with a kernel of its own takes ${wanted}`,
        'ostree admin status: take a pinned deployment away (ostree admin pin --unpin N)',
      ),
    );
  }
  const worst = (['fail', 'unknown', 'warn'] as const).flatMap((state) =>
    faults.filter((fault) => fault.state === state),
  );
  const [first] = worst;
  if (first !== undefined) return { ...first, why: worst.map(({ why }) => why).join('; ') };
  const rooms = [
    boot === null ? [] : `/boot ${formatSize(boot.freeBytes)}`,
    data === null ? [] : `/var ${formatSize(data.freeBytes)}`,
  ];
  return ok(`left: ${rooms.flat().join(', ')}`);
}

/** Can the node read what it remembers? */
export function judgeMemory({ troubles, damage }: MemoryFacts): Judgement {
  const [first] = troubles;
  if (first !== undefined) return bad(troubles.map(({ message }) => message).join('; '), first.hint);
  if (damage.length > 0)
    return warn(named(damage, 2), 'goodboot history; look after the disk if power cuts are no reason');
  return ok('state and ledger can be read');
}
