import { messageOf } from '../core/errors.ts';
import { withTrialFailures } from '../core/node-state.ts';
import type { VerdictReport } from '../core/verdict-report.ts';
import type { Files } from '../ports/files.ts';
import type { ServiceManager } from '../ports/service-manager.ts';
import { announceVerdict, why } from './announce.ts';
import { startHooks } from './hooks.ts';
import { type RecordDeps, recordVerdict } from './record.ts';
import { RECHECK, startWhatWaited } from './recovery.ts';
import { updateState } from './state.ts';
import { tellAtLogin } from './tell-at-login.ts';
import { readVerdict, writeVerdict } from './verdict-file.ts';

/** Time for a timer to stop: it has nothing to do for that. */
const STOP_TIMEOUT_MS = 10_000;
/** Reached on a boot that is not good, as under greenboot: `goodboot migrate greenboot` brings it. */
const RED_TARGET = 'redboot.target';
const RED_TIMEOUT_MS = 60_000;
/** Brings a drill to its end. */
const DRILL_UNIT = 'goodboot-drill.service';

export interface ConcludeDeps extends RecordDeps {
  /** Null where systemd is not PID 1. */
  readonly manager: ServiceManager | null;
  /** Says one sentence to whoever reads the log of this program. */
  readonly warn: (sentence: string) => void;
}

/**
 * Makes a verdict last and does what follows from it for others. The record comes first and the reboot last: a reboot
 * that nobody remembers could be one of an endless row.
 */
export async function conclude(deps: ConcludeDeps, report: VerdictReport): Promise<void> {
  const { files, journal, manager, warn } = deps;
  announceVerdict(journal, report);
  const isRecorded = await recordVerdict(deps, report);
  const before = await readVerdict(files).catch(() => null);
  await said(warn, 'the verdict of this boot cannot be kept', () => writeVerdict(files, report));
  await said(warn, 'what people see at login', () => tellAtLogin(deps, report));
  if (manager === null) return;
  await said(warn, 'units that wait for this verdict', () => follow(deps, manager, report));
  const reboot = report.actions.find(({ action }) => action.kind === 'reboot')?.action;
  if (report.standing === 'on-trial' && reboot?.kind === 'reboot')
    await said(warn, 'what failed on trial', () => keepTrialFailures(files, report));
  // All that is to last is written by now: hooks may do anything, and take their time.
  await startHooks({ files, journal, manager }, report, before);
  // A verdict that was made late, after the unit had looked: it is asked again, when this one is over.
  if (report.actions.some(({ action }) => action.kind === 'end-trial' && action.result === 'drilled'))
    await said(warn, DRILL_UNIT, () => manager.startSoon(DRILL_UNIT));
  if (report.verdict !== 'good') await said(warn, RED_TARGET, () => startRedTarget(manager));
  if (reboot?.kind !== 'reboot') return;
  if (reboot.why === 'regression' && !isRecorded) {
    journal.event('boot-held', { GOODBOOT_REASON: 'a reboot that cannot be recorded is not made' });
    return;
  }
  const left = report.bootLoader.counter ?? 'not counted';
  journal.event('reboot-requested', { GOODBOOT_REASON: why(report), GOODBOOT_ATTEMPTS_LEFT: left });
  await manager.reboot();
}

/** Units of a site that ask for greenboot's target have their time before a reboot. No one else is started by it. */
async function startRedTarget(manager: ServiceManager): Promise<void> {
  if ((await manager.unit(RED_TARGET)).loadState !== 'loaded') return;
  await manager.start(RED_TARGET, AbortSignal.timeout(RED_TIMEOUT_MS));
}

/** For the fallback, which has to tell the deployment from its surroundings. */
async function keepTrialFailures(files: Files, { checks }: VerdictReport): Promise<void> {
  const failed = checks.filter(({ required, outcome }) => required && outcome.state === 'fail').map(({ name }) => name);
  await updateState(files, (state) => withTrialFailures(state, failed));
}

/**
 * systemd starts the recheck timer whenever the verdict's unit fails, also when the verdict died: so an active timer says
 * that this boot was not good before, and that units wait.
 */
async function follow({ journal }: ConcludeDeps, manager: ServiceManager, report: VerdictReport): Promise<void> {
  if (report.verdict !== 'good' || (await manager.unit(RECHECK)).activeState !== 'active') return;
  journal.event('recheck-good', { GOODBOOT_SUMMARY: why(report) });
  await startWhatWaited(manager, AbortSignal.timeout(STOP_TIMEOUT_MS));
}

/** Trouble with what only follows from a verdict is said, and changes nothing (rule 10). */
async function said(warn: (sentence: string) => void, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    warn(`${what}: ${messageOf(error)}`);
  }
}
