import type { Outcome } from '../core/outcome.ts';
import type { PlannedCheck } from './check.ts';

/** How one check ended, whatever happened to its program. */
export interface CheckEnd {
  readonly outcome: Outcome;
  readonly durationMs: number;
}

/** Starts check programs. One way is a systemd unit for each, the other a plain child process where there is no systemd. */
export interface CheckRunner {
  readonly how: 'units' | 'processes';
  /** Makes ready for these checks: called once, before the first of them is run. */
  prepare(checks: readonly PlannedCheck[]): Promise<void>;
  /** Runs one check to its end. Never throws: a check that could not be run is an `error`. Aborting ends the check. */
  run(check: PlannedCheck, signal: AbortSignal): Promise<CheckEnd>;
}
