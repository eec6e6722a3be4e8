import type { ArmAction } from '../../core/arm.ts';
import type { DoctorReport } from '../../core/doctor.ts';
import { type Drill, type DrillFacts, deployedTwice, type NodeView } from '../../core/drill/drill.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Journal } from '../../ports/journal.ts';
import type { Rehearsal } from '../../ports/rehearsal.ts';
import type { Boot } from '../boot.ts';
import { openLedger } from '../ledger.ts';
import { loadState } from '../state.ts';
import { readVerdict } from '../verdict-file.ts';
import { DRILL, DRILL_LOCK, keepDrill, LOCK_WAIT_MS, openDrill } from './keep.ts';
import { type ViewDeps, viewOf } from './view.ts';

export interface DrillDeps extends ViewDeps {
  readonly boot: Boot;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly rehearsal: Rehearsal;
  /** Units that pull in this one; null: there is nobody to ask. */
  readonly wantedBy: (unit: string) => Promise<readonly string[] | null>;
  /** Looks at what is next, as goodboot-arm.service does. */
  readonly arm: (signal: AbortSignal) => Promise<readonly ArmAction[]>;
}

export interface DrillRequest {
  readonly attempts: number;
  readonly windows: readonly string[];
}

/** Longest time until the deployment is on trial: goodboot-arm.service may be at it, and runs the checks. */
const ARMED_WITHIN_MS = 60_000;
const POLL_MS = 200;
const PUT_BACK_TIMEOUT_MS = 5 * 60_000;

/** All that speaks for or against a drill. Changes nothing. @throws GoodbootError of the backend or the state */
export async function lookAtDrill(
  { files, boot, deployments, clock, rehearsal, wantedBy }: DrillDeps,
  { windows }: DrillRequest,
  findings: DoctorReport['findings'],
  signal: AbortSignal,
): Promise<DrillFacts> {
  const [booted, entries, state, open, verdict, unsupported, wanted] = await Promise.all([
    deployments.booted(),
    deployments.list(signal),
    loadState(files),
    openDrill(files),
    readVerdict(files),
    rehearsal.unsupported(),
    wantedBy('goodboot-drill.service'),
  ]);
  const seen = state.boots.at(-1);
  return {
    booted: booted?.id ?? null,
    deployments: entries,
    trial: state.trial,
    chosen: state.chosen ?? null,
    open,
    verdict: verdict?.verdict ?? null,
    findings,
    unsupported,
    isProven: seen?.bootId === boot.id && seen.proven,
    isLookedAfter: wanted === null || wanted.length > 0,
    windows,
    nowMs: clock.now(),
  };
}

/**
 * Deploys a copy of what runs, staged as an update is, and sees that it is on trial. Only the reboot is left then. What
 * goes wrong on the way is put back, and the drill is as if it had not begun.
 * @throws GoodbootError DRILL_REFUSED when it was not armed, or whatever went wrong
 */
export async function startDrill(deps: DrillDeps, request: DrillRequest, signal: AbortSignal): Promise<Drill> {
  // To its very end: one who looks in the middle would unpin what is to be kept, or take it for how the node was.
  return deps.files.exclusively(DRILL_LOCK, LOCK_WAIT_MS, () => start(deps, request, signal));
}

async function start(deps: DrillDeps, { attempts }: DrillRequest, signal: AbortSignal): Promise<Drill> {
  const { files, clock, journal, rehearsal } = deps;
  const before = await viewOf(deps, signal);
  await refuseIfChanged(deps, before);
  const from = before.booted ?? '';
  const { records } = await openLedger(files, clock);
  const ledgerSeq = records.at(-1)?.seq ?? 0;
  const started = new Date(clock.now()).toISOString();
  // An update drops every deployment that is not pinned, except the one that runs.
  const pinned = before.deployments.filter(({ id, pinned }) => !pinned && id !== from).map(({ id }) => id);
  const begun: Drill = { v: 1, deployment: null, from, attempts, started, ledgerSeq, pinned, before };
  await keepDrill(files, begun);
  let drill = begun;
  try {
    for (const id of pinned) await rehearsal.pin(id, true, signal);
    drill = { ...begun, deployment: await rehearsal.copy(from, signal) };
    // Before it is deployed: goodboot-arm.path sees it at once, and has to know what it is.
    await keepDrill(files, drill);
    await rehearsal.stage(drill.deployment ?? '', signal);
    // A boot loader that counts by itself gives as many as it gives.
    drill = { ...drill, attempts: await armed(deps, drill, signal) };
    await keepDrill(files, drill);
  } catch (error) {
    await putBack(deps, drill).catch((again: unknown) => {
      journal.event('drill-failed', { GOODBOOT_REASON: `not put back: ${messageOf(again)}` });
    });
    throw error;
  }
  const reason = `${attempts === 1 ? '1 attempt' : `${attempts} attempts`}, then back to ${from}`;
  journal.event('drill-begun', { GOODBOOT_DEPLOYMENT: drill.deployment ?? '', GOODBOOT_REASON: reason });
  return drill;
}

/** What spoke for a drill was looked at some time ago: a person may have been asked since. @throws GoodbootError DRILL_REFUSED */
async function refuseIfChanged({ files }: DrillDeps, { booted, deployments }: NodeView): Promise<void> {
  const { trial } = await loadState(files);
  const refused = (why: string) => new GoodbootError('DRILL_REFUSED', why);
  if ((await openDrill(files)) !== null) throw refused('a drill is under way');
  if (trial !== null) throw refused('a deployment is on trial by now');
  if (booted === null || deployments[0]?.id !== booted || deployedTwice(deployments) !== null)
    throw refused('another deployment is next by now');
}

/**
 * Waits until its trial is open and counted, and gives its attempts. A reboot without that would be one that nothing
 * leads back from.
 */
async function armed({ files, bootLoader, clock, arm }: DrillDeps, drill: Drill, signal: AbortSignal): Promise<number> {
  const actions = await arm(signal);
  const mayCome = actions.some(({ kind }) => kind === 'nothing');
  for (const end = clock.monotonicMs() + ARMED_WITHIN_MS; ; await clock.sleep(POLL_MS, signal)) {
    const { trial } = await loadState(files);
    if (trial?.deployment === drill.deployment && trial?.drill === true) {
      // What is staged has no entry yet that a boot loader of the other kind could have counters for.
      const { counter } = bootLoader.can.mark ? await bootLoader.read() : { counter: trial.attempts };
      if (counter === trial.attempts) return trial.attempts;
    }
    if (clock.monotonicMs() < end && (trial !== null || mayCome)) continue;
    const whys = actions.flatMap((action) => ('why' in action ? [action.why] : []));
    throw new GoodbootError(
      'DRILL_REFUSED',
      `it was not put on trial: ${whys.join(', ') || 'goodboot history says why'}`,
    );
  }
}

/** As if nothing had begun. Taken again, it changes nothing. */
async function putBack(deps: DrillDeps, { pinned, deployment }: Drill): Promise<void> {
  const { files, deployments, rehearsal, arm } = deps;
  const signal = AbortSignal.timeout(PUT_BACK_TIMEOUT_MS);
  const [next] = await deployments.list(signal);
  if (next?.id === deployment && next.staged) await deployments.dropStaged(signal);
  if (deployment !== null) await rehearsal.remove(deployment, signal);
  // The trial of what is not the next any more is withdrawn.
  await arm(signal);
  for (const id of pinned) await rehearsal.pin(id, false, signal);
  await files.remove(DRILL);
}
