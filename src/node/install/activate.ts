import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';

export interface ActivateDeps {
  readonly files: Files;
  readonly processes: Processes;
  readonly warn: (sentence: string) => void;
}

const TIMEOUT_MS = 60_000;
const CHECK_USER = 'goodboot-check';
/** What watches. The others have nothing to do when they are stopped, or would do it then: goodboot-end.service. */
export const WATCHERS = [
  'goodboot-arm.path',
  'goodboot-doctor.path',
  'goodboot-deadman.timer',
  'goodboot-recheck.timer',
] as const;

/**
 * Puts an installation into effect on the running system. What systemd is not there for is left out, and said. False: so
 * nothing was enabled.
 */
export async function activate(
  deps: ActivateDeps,
  {
    units,
    fresh,
    paths,
    start,
  }: {
    readonly units: readonly string[];
    /** Those of them that are to be enabled. What a person disabled stays so. */
    readonly fresh: readonly string[];
    readonly paths: readonly string[];
    readonly start: boolean;
  },
): Promise<boolean> {
  // Files made by hand have the label of their directory: of those in /var, nothing may be started.
  const isLabelled = paths.length > 0 && (await deps.files.info('/sys/fs/selinux/enforce')) !== null;
  if (isLabelled) await attempt(deps, ['restorecon', '-i', '-F', ...paths]);
  if ((await deps.files.info('/run/systemd/system')) === null) {
    deps.warn('systemd is not PID 1 here: enable the units in the system that will boot');
    return false;
  }
  await attempt(deps, ['systemd-sysusers', 'goodboot.conf']);
  await attempt(deps, ['systemd-tmpfiles', '--create', 'goodboot.conf']);
  await attempt(deps, ['journalctl', '--update-catalog']);
  await must(deps, ['systemctl', 'daemon-reload']);
  if (fresh.length > 0) await must(deps, ['systemctl', 'preset', ...fresh]);
  // What runs already is left alone: a verdict that is being made is made by the goodboot that began it.
  const enabled: string[] = [];
  for (const unit of start ? units : []) if (await isEnabled(deps, unit)) enabled.push(unit);
  if (enabled.length > 0) await must(deps, ['systemctl', 'start', '--no-block', ...enabled]);
  return true;
}

/**
 * Has systemd look at nothing of goodboot any more. Of a removal that was cut short, unit files may be gone already: systemd
 * says that it does not know them, and does the rest.
 */
export async function deactivate(deps: ActivateDeps, units: readonly string[]): Promise<void> {
  if ((await deps.files.info('/run/systemd/system')) === null) return;
  await attempt(deps, ['systemctl', 'stop', ...WATCHERS]);
  // Not --now: goodboot-end.service does its work when it is stopped, and would put a staged update on trial.
  // One by one: it disables none when it does not know one of them.
  for (const unit of units) await attempt(deps, ['systemctl', 'disable', unit]);
}

/**
 * After the files beside an image are gone: its units, which are those of /usr now, are enabled anew. Until then the old
 * links do: systemd takes of them the name alone.
 */
export async function handOver(deps: ActivateDeps, units: readonly string[]): Promise<void> {
  await deactivate(deps, units);
  await activate(deps, { units, fresh: units, paths: [], start: true });
}

/** After the files are gone: units that systemd still knows are forgotten with what they would do at shutdown. */
export async function forget(deps: ActivateDeps): Promise<void> {
  if ((await deps.files.info('/run/systemd/system')) !== null) await must(deps, ['systemctl', 'daemon-reload']);
  // No file is theirs: checks can write nowhere.
  const passwd = (await deps.files.readText('/etc/passwd')) ?? '';
  if (passwd.includes(`\n${CHECK_USER}:`)) await attempt(deps, ['userdel', CHECK_USER]);
}

/** @throws GoodbootError PROGRAM_TIMEOUT: that nobody answers does not mean that it is disabled */
async function isEnabled({ processes }: ActivateDeps, unit: string): Promise<boolean> {
  const { exitCode, timedOut } = await processes.run(['systemctl', 'is-enabled', unit], { timeoutMs: TIMEOUT_MS });
  if (timedOut) throw new GoodbootError('PROGRAM_TIMEOUT', `systemctl is-enabled ${unit}: no end in time`);
  return exitCode === 0;
}

/** A step that the rest does not depend on. */
async function attempt(deps: ActivateDeps, argv: readonly [string, ...string[]]): Promise<void> {
  try {
    await must(deps, argv);
  } catch (error) {
    deps.warn(messageOf(error));
  }
}

async function must({ processes }: ActivateDeps, argv: readonly [string, ...string[]]): Promise<void> {
  const { exitCode, timedOut, stderr } = await processes.run(argv, { timeoutMs: TIMEOUT_MS });
  if (exitCode === 0) return;
  const said = timedOut ? 'no end in time' : stderr.trim().split('\n').at(-1) || `exit status ${exitCode}`;
  throw new GoodbootError(timedOut ? 'PROGRAM_TIMEOUT' : 'PROGRAM_FAILED', `${argv.slice(0, 3).join(' ')}: ${said}`);
}
