import { formatDuration } from '../../src/core/duration.ts';
import type { UnitState } from '../../src/ports/service-manager.ts';

/** When to call a unit good. Times are milliseconds of CLOCK_MONOTONIC. */
export interface UnitNeed {
  readonly nowMs: number;
  readonly stableMs: number;
}

/** Why a unit is not good, in one clause, or null when it is. */
export function whyNotGood(unit: UnitState, need: UnitNeed): string | null {
  const missing = notStartable(unit);
  if (missing !== null) return missing;
  switch (unit.activeState) {
    case 'active':
    case 'reloading':
      return notStable(unit, need);
    case 'failed':
      return `${unit.name} failed (${howItFailed(unit)})`;
    case 'inactive':
      return finishedOneshot(unit) ? null : `${unit.name} is inactive${whyInactive(unit)}; active was wanted`;
    case 'activating':
      return unit.subState.startsWith('auto-restart')
        ? `${unit.name} keeps restarting (${restarts(unit)}, ${howItFailed(unit)})`
        : `${unit.name} is still starting (${unit.subState})`;
    default:
      return `${unit.name} is ${unit.activeState}; active was wanted`;
  }
}

function notStartable(unit: UnitState): string | null {
  switch (unit.loadState) {
    case 'loaded':
      break;
    case 'not-found':
      return `${unit.name} does not exist (no unit file); active was wanted`;
    case 'masked':
      return `${unit.name} is masked; active was wanted`;
    default:
      return `${unit.name} cannot be loaded (${unit.loadState}); active was wanted`;
  }
  if (unit.activeState === 'inactive' && unit.conditionResult === false) {
    const which = unit.failedConditions.length > 0 ? ` (${unit.failedConditions.join(', ')})` : '';
    return `${unit.name} was skipped because a condition did not hold${which}`;
  }
  if (unit.assertResult === false && unit.activeState !== 'active') return `${unit.name} was refused by an assertion`;
  return null;
}

/**
 * An automatic restart makes a unit active anew, so the time since then is the time without a restart:
 * a unit that has been up for long is stable at first sight.
 */
function notStable(unit: UnitState, { nowMs, stableMs }: UnitNeed): string | null {
  if (unit.subState === 'exited') return null;
  const upMs = nowMs - unit.activeSinceMs;
  if (upMs >= stableMs) return null;
  const count = unit.service === null || unit.service.restarts === 0 ? '' : `, ${restarts(unit)}`;
  return `${unit.name} has been active for ${formatDuration(upMs)} only${count}; ${formatDuration(stableMs)} was wanted`;
}

function restarts(unit: UnitState): string {
  const count = unit.service?.restarts ?? 0;
  return count === 1 ? '1 restart' : `${count} restarts`;
}

/** A oneshot without RemainAfterExit= goes back to inactive: it is good when it ran and succeeded. */
function finishedOneshot(unit: UnitState): boolean {
  const { service } = unit;
  return (
    service?.type === 'oneshot' && service.result === 'success' && unit.startedAtMs > 0 && service.exitKind === 'exited'
  );
}

function whyInactive(unit: UnitState): string {
  if (unit.startedAtMs === 0)
    return ' and was not started in this boot, or was and systemd has forgotten it (RemainAfterExit=yes keeps it)';
  return unit.service === null ? '' : ` (it ended: ${howItFailed(unit)})`;
}

/** systemd's `Result`, with the exit status or signal of the main process. */
function howItFailed(unit: UnitState): string {
  const { service } = unit;
  if (service === null) return unit.subState;
  if (service.exitKind === null) return service.result;
  return service.exitKind === 'exited'
    ? `${service.result}, status ${service.exitStatus}`
    : `${service.result}, signal ${service.exitStatus}`;
}
