/**
 * Every failure that goodboot can name. The code is API: it stands in `--json`, in the journal and in
 * docs/reference/errors.md, and is never used again for something else. `exit` follows sysexits(3).
 */
export const ERRORS = {
  USAGE: {
    exit: 64,
    summary: 'the command line is not understood',
    cure: 'goodboot --help shows the commands; goodboot COMMAND --help shows one of them',
  },
  CHECK_UNKNOWN: {
    exit: 64,
    summary: 'no check of that name is configured',
    cure: 'goodboot check list shows the configured checks',
  },
  CODE_UNKNOWN: {
    exit: 64,
    summary: 'that is neither an error code, an event nor a check type',
    cure: 'goodboot(8) lists the codes: man goodboot',
  },
  DURATION_INVALID: {
    exit: 65,
    summary: 'a duration is not written as one',
    cure: 'write a number with a unit: 500ms, 30s, 5m, 1h30m',
  },
  SIZE_INVALID: {
    exit: 65,
    summary: 'a size is not written as one',
    cure: 'write a number with a unit: 500MiB, 2GB, or a share such as 5%',
  },
  CONFIG_SYNTAX: {
    exit: 78,
    summary: 'a configuration file is not YAML',
    cure: 'mend the named line, then run goodboot config check',
  },
  CONFIG_INVALID: {
    exit: 78,
    summary: 'a configuration file is YAML, but not a valid configuration',
    cure: 'mend the named key, then run goodboot config check; goodboot config schema shows what is allowed',
  },
  CONFIG_UNREADABLE: {
    exit: 78,
    summary: 'a configuration file cannot be read',
    cure: 'make it a regular file that root can read, or remove it',
  },
  CONFIG_IGNORED: {
    exit: 78,
    summary: 'a file in a configuration directory does not count',
    cure: 'name drop-ins *.yaml; goodboot config show --origins shows what counts',
  },
  NO_REQUIRED_CHECK: {
    exit: 78,
    summary: 'no check is required, so that every boot counts as good',
    cure: 'set required: true for at least one check, or list units under required.units',
  },
  PLAN_UNREADABLE: {
    exit: 70,
    summary: 'the plan of this boot (/run/goodboot/plan.json) is missing or damaged',
    cure: 'goodboot verdict writes it anew; start the check through goodboot check run',
  },
  RESULT_MISSING: {
    exit: 70,
    summary: 'a check ended without saying anything',
    cure: 'journalctl -u goodboot-check@NAME.service shows how it ended',
  },
  RESULT_INVALID: {
    exit: 70,
    summary: 'a check ended, but its result is truncated or not a result',
    cure: 'journalctl -u goodboot-check@NAME.service shows how it ended; run it again with goodboot check run NAME',
  },
  RESULT_TOO_LARGE: {
    exit: 70,
    summary: 'a check said more than a result may hold (1 MiB)',
    cure: 'let the check say less: a result is a reason and small facts',
  },
  CHECK_CRASHED: {
    exit: 70,
    summary: 'a check program ended with an exit status that means neither pass, fail nor skip',
    cure: 'journalctl -u goodboot-check@NAME.service shows its last words',
  },
  CHECK_KILLED: {
    exit: 70,
    summary: 'a check program was ended by a signal',
    cure: 'journalctl -u goodboot-check@NAME.service names the signal; look for who sent it',
  },
  CHECK_OOM: {
    exit: 70,
    summary: 'a check program was ended because memory ran out',
    cure: 'raise MemoryMax= for goodboot-check@NAME.service, or find what uses the memory',
  },
  CHECK_TIMEOUT: {
    exit: 75,
    summary: 'a check did not end within its time',
    cure: 'raise within for this check, or find what it waits for',
  },
  CHECK_NOT_STARTED: {
    exit: 70,
    summary: 'the unit of a check could not be started',
    cure: 'systemctl status goodboot-check@NAME.service says why',
  },
  CHECK_THREW: {
    exit: 70,
    summary: 'a check could not tell: it met something that it did not expect',
    cure: 'the reason says what it met',
  },
  SCRIPT_NOT_RUN: {
    exit: 70,
    summary: 'a required script of greenboot could not be run, or a directory of scripts could not be read',
    cure: 'the message names it; mend or remove it, or name the script in DISABLED_HEALTHCHECKS',
  },
  PACKAGE_BROKEN: {
    exit: 70,
    summary: 'goodboot lacks a part of itself',
    cure: 'compare the executable with SHA256SUMS of its release, and get it again; in a checkout: npm run build',
  },
  INSTALL_REFUSED: {
    exit: 75,
    summary: 'goodboot cannot be installed or taken out as things are now',
    cure: 'the message says what is in the way; nothing was changed',
  },
  MIGRATION_INVALID: {
    exit: 65,
    summary: 'the record of a migration from greenboot is damaged',
    cure: 'undo the migration by hand: enable the units of greenboot, remove what the record names, and the record',
  },
  CLOCK_UNREADABLE: {
    exit: 70,
    summary: 'the kernel does not say whether its clock is synchronised',
    cure: 'let the check call adjtimex: SystemCallFilter=adjtimex, as in the sandbox of the type time',
  },
  USER_UNKNOWN: { exit: 67, summary: 'there is no user of that name', cure: 'create the user, or name another one' },
  PROGRAM_MISSING: {
    exit: 69,
    summary: 'a program that is needed is not installed',
    cure: 'install the named program, or remove the check that needs it',
  },
  PROGRAM_FAILED: { exit: 70, summary: 'a program that is needed failed', cure: 'run the named command by hand' },
  PROGRAM_TIMEOUT: {
    exit: 75,
    summary: 'a program did not end within its time, and was ended with all its children',
    cure: 'run the named command by hand and see what it waits for',
  },
  PROGRAM_OUTPUT: {
    exit: 76,
    summary: 'a program answered something that is not understood',
    cure: 'run the named command by hand; report what it prints',
  },
  DBUS_UNAVAILABLE: {
    exit: 69,
    summary: 'the system bus cannot be reached',
    cure: 'systemctl status dbus.socket; in a container without systemd there is none',
  },
  DBUS_TIMEOUT: {
    exit: 75,
    summary: 'a D-Bus call was not answered in time',
    cure: 'busctl call shows whether the service answers at all',
  },
  DBUS_DENIED: { exit: 77, summary: 'the bus or the service refused the call', cure: 'run goodboot as root' },
  DBUS_FAILED: {
    exit: 70,
    summary: 'a D-Bus call was answered with an error',
    cure: 'the message is the answer of the service',
  },
  SYSTEMD_ABSENT: { exit: 69, summary: 'systemd is not PID 1 here', cure: 'run it on a machine that systemd booted' },
  GRUBENV_MISSING: {
    exit: 66,
    summary: 'the GRUB environment block does not exist',
    cure: 'create it: grub2-editenv /boot/grub2/grubenv create (Debian: grub-editenv /boot/grub/grubenv create)',
  },
  GRUBENV_UNREADABLE: {
    exit: 74,
    summary: 'the GRUB environment block cannot be read',
    cure: 'check that /boot is mounted, and run as root',
  },
  GRUBENV_INVALID: {
    exit: 65,
    summary: 'the GRUB environment block is damaged',
    cure: 'keep a copy, then make it anew with grub2-editenv (Debian: grub-editenv) FILE create',
  },
  GRUBENV_FULL: {
    exit: 65,
    summary: 'the GRUB environment block has no room for another variable',
    cure: 'remove variables that are not needed: grub2-editenv FILE unset NAME',
  },
  GRUBENV_UNWRITABLE: {
    exit: 74,
    summary: 'the GRUB environment block cannot be written',
    cure: 'the message names the cause; /boot must be on a disk that can be written',
  },
  BOOT_LOADER_UNSUPPORTED: {
    exit: 69,
    summary: 'this boot loader cannot keep that mark',
    cure: 'goodboot status names the boot loader that was found',
  },
  DEPLOYMENT_UNKNOWN: {
    exit: 65,
    summary: 'there is no deployment of that identity',
    cure: 'rpm-ostree status, bootc status or ostree admin status lists them',
  },
  DEPLOYMENT_BUSY: {
    exit: 75,
    summary: 'another transaction changes the deployments',
    cure: 'wait until it has ended; rpm-ostree status names it',
  },
  ROLLBACK_FAILED: {
    exit: 70,
    summary: 'the default deployment could not be changed, or was not what it should be afterwards',
    cure: 'the message names the cause; rpm-ostree rollback, bootc rollback or ostree admin set-default by hand',
  },
  NOTHING_TO_GO_BACK_TO: {
    exit: 69,
    summary: 'there is no other deployment to go back to',
    cure: 'rpm-ostree status, bootc status or ostree admin status lists them: a rollback needs two',
  },
  DEPLOYMENT_DENIED: {
    exit: 65,
    summary: 'every deployment that could be gone back to is denied on this node',
    cure: 'goodboot deny list says why; goodboot deny remove ID allows one',
  },
  WAY_BACK_UNPROVEN: {
    exit: 65,
    summary: 'the only deployment to go back to never came up on this node',
    cure: 'goodboot rollback --force goes there all the same; no boot loader counts that boot, so nothing leads back',
  },
  DRILL_REFUSED: {
    exit: 69,
    summary: 'a drill may not begin now',
    cure: 'goodboot doctor names what a rollback lacks, and mends it; then try again',
  },
  DRILL_FAILED: {
    exit: 70,
    summary: 'the copy that a drill made still runs, and its trial is over',
    cure: 'reboot: the deployment before is the default again, and has the same content; for a copy no update comes',
  },
  WINDOW_INVALID: {
    exit: 65,
    summary: 'a window is not written as one',
    cure: 'write days and a time in UTC: "Sat,Sun 22:00-04:00", "Mon..Fri 01:30-05:00" or "02:00-04:00"',
  },
  DEFAULT_DIFFERS: {
    exit: 65,
    summary: 'what runs is not the default deployment, so it cannot be told which of the two is to be left',
    cure: 'reboot into the default first, or name the wanted one: rpm-ostree rollback, ostree admin set-default',
  },
  TRIAL_OPEN: {
    exit: 75,
    summary: 'another deployment is on trial, and this boot does not belong to it',
    cure: 'goodboot trial show shows it; boot the deployment on trial, or take the update away',
  },
  LEDGER_UNREADABLE: {
    exit: 74,
    summary: 'the ledger cannot be read',
    cure: 'look at /var/lib/goodboot/ledger.jsonl and its directory',
  },
  LEDGER_UNWRITABLE: {
    exit: 74,
    summary: 'the ledger cannot be written',
    cure: 'see that /var is mounted, writable and has free space',
  },
  STATE_UNREADABLE: {
    exit: 74,
    summary: 'what this node remembers of its trial cannot be read',
    cure: 'look at /var/lib/goodboot/state.json; goodboot history says what was in it; removing it forgets the trial and the denied list',
  },
  EVIDENCE_UNKNOWN: {
    exit: 66,
    summary: 'no evidence of that boot is kept',
    cure: 'goodboot trial evidence lists the boots of which there is any',
  },
  FILE_UNREADABLE: { exit: 66, summary: 'a file cannot be read', cure: 'the message names it and the cause' },
  FILE_UNWRITABLE: { exit: 73, summary: 'a file cannot be written', cure: 'the message names it and the cause' },
  FILE_LOCKED: {
    exit: 75,
    summary: 'another process holds the lock of a file for too long',
    cure: 'the message names the process where it is known; see what it waits for, or end it',
  },
  LIBRARY_MISSING: {
    exit: 69,
    summary: 'libsystemd or libc could not be loaded',
    cure: 'install libsystemd (systemd-libs); the runtime must be Node 26 with node:ffi',
  },
  RUNTIME_TOO_OLD: {
    exit: 69,
    summary: 'goodboot runs on Node 26',
    cure: 'in the checkout: npx goodboot …; elsewhere use the runtime that goodboot brings',
  },
  NO_VERDICT: {
    exit: 66,
    summary: 'there is no verdict of this boot yet',
    cure: 'systemctl status goodboot-verdict.service; goodboot verdict judges now',
  },
  NEEDS_ROOT: { exit: 77, summary: 'this needs root', cure: 'run it with sudo' },
  INTERNAL: {
    exit: 70,
    summary: 'goodboot met something that it should not have',
    cure: 'report it with the lines above',
  },
} as const satisfies Record<string, { exit: number; summary: string; cure: string }>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text);

/**
 * A failure with a code. The message starts with its subject (path, unit, command), in lower case, without
 * a full stop; `hint` replaces the cure of the table where the thrower knows a better one.
 */
export class GoodbootError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'GoodbootError';
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].cure;
  }
}

/** The message of anything that was thrown, with the messages of its causes behind it. An errno is told once. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const errno = errnoOf(thrown.cause);
  const isTold = thrown.cause === undefined || (errno !== null && thrown.message.endsWith(`: ${errno}`));
  return isTold ? thrown.message : `${thrown.message}: ${messageOf(thrown.cause)}`;
}

/** The errno name (`ENOENT`) of a system error, or null. */
export function errnoOf(thrown: unknown): string | null {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null;
}
