import { type Drill, standingOfDrill } from '../../core/drill/drill.ts';
import { type DrillResult, resultOf } from '../../core/drill/result.ts';
import { GoodbootError } from '../../core/errors.ts';
import { openLedger } from '../ledger.ts';
import { loadState } from '../state.ts';
import { closeDrill, DRILL_LOCK, LOCK_WAIT_MS, openDrill } from './keep.ts';
import type { DrillDeps } from './start.ts';
import { viewOf } from './view.ts';

/** How it went; `under-way`: it goes on by itself; null: there is none. */
export type Finished = DrillResult | { readonly state: 'under-way'; readonly drill: Drill } | null;

type FinishDeps = Omit<DrillDeps, 'arm' | 'wantedBy'>;

/**
 * After each boot in which a drill is open: when its trial is over, takes away what it brought, compares, and keeps how
 * it went. Cut at any point, the next boot does it again.
 * @throws GoodbootError DRILL_FAILED when the copy runs and its trial is over: the next boot leads back; FILE_LOCKED while
 * one is begun; of the backend, the boot loader or the state: then the next boot tries again
 */
export async function finishDrill(deps: FinishDeps, signal: AbortSignal): Promise<Finished> {
  // Most often there is none, and nothing to lock.
  if ((await openDrill(deps.files)) === null) return null;
  return deps.files.exclusively(DRILL_LOCK, LOCK_WAIT_MS, () => finish(deps, signal));
}

async function finish(deps: FinishDeps, signal: AbortSignal): Promise<Finished> {
  const { files, clock, journal, deployments, rehearsal } = deps;
  const drill = await openDrill(files);
  if (drill === null) return null;
  const [{ trial }, booted, [next]] = await Promise.all([
    loadState(files),
    deployments.booted(),
    deployments.list(signal),
  ]);
  const standing = standingOfDrill(drill, { trial, booted: booted?.id ?? null });
  if (standing === 'goes-on') return { state: 'under-way', drill };
  if (standing === 'not-left') {
    // What it came from is known to work, and has the same content: whatever reboots this node next leads back to it.
    if (next?.id === drill.deployment) await deployments.makeDefault(drill.from, signal);
    const reason = `${drill.deployment} runs, the copy that the drill made, for which no update comes; the next boot starts ${drill.from}`;
    journal.event('drill-failed', { GOODBOOT_REASON: reason });
    throw new GoodbootError('DRILL_FAILED', reason);
  }
  if (drill.deployment !== null) {
    if (next?.id === drill.deployment && next.staged) await deployments.dropStaged(signal);
    await rehearsal.remove(drill.deployment, signal);
  }
  for (const id of drill.pinned) await rehearsal.pin(id, false, signal);
  const { records } = await openLedger(files, clock);
  const ended = new Date(clock.now()).toISOString();
  const result = resultOf(drill, records, { view: await viewOf(deps, signal), ended });
  await closeDrill(files, result);
  const told = result.state === 'passed' ? passed(result) : result.reasons.join('; ');
  journal.event(result.state === 'passed' ? 'drill-passed' : 'drill-failed', { GOODBOOT_REASON: told });
  return result;
}

const passed = ({ attempts, from }: DrillResult): string =>
  `${attempts === 1 ? '1 attempt' : `${attempts} attempts`}, then back to ${from} by itself`;
