import type { Action, Verdict } from './decide.ts';
import type { DoctorSummary } from './doctor/summary.ts';
import type { CheckResult } from './outcome.ts';
import type { Standing } from './trial.ts';

/** What became of one action. `planned`: a dry run. `unneeded`: the state was there already. */
export type ActionResult = 'done' | 'unneeded' | 'failed' | 'planned' | 'impossible';

export interface TakenAction {
  readonly action: Action;
  readonly result: ActionResult;
  /** One sentence: what was done, or why not. */
  readonly detail: string;
}

/** Something about goodboot itself that a person should know: a broken config file, an unreadable grubenv. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** All that is known about the judging of one boot: /run/goodboot/verdict.json, and `goodboot verdict --json`. */
export interface VerdictReport {
  readonly apiVersion: 'goodboot/v1';
  readonly kind: 'Verdict';
  readonly bootId: string;
  /** End of the judging, ISO 8601 in UTC. */
  readonly time: string;
  readonly durationMs: number;
  readonly dryRun: boolean;
  readonly deployment: { readonly id: string; readonly version: string } | null;
  readonly bootLoader: {
    readonly name: string;
    readonly detail: string;
    readonly counter: number | null;
    readonly success: boolean | null;
  };
  readonly verdict: Verdict;
  readonly standing: Standing;
  readonly nothingRequired: boolean;
  readonly checks: readonly CheckResult[];
  readonly actions: readonly TakenAction[];
  readonly problems: readonly Problem[];
  /** What the doctor answered last; null: not known. It has no part in the verdict. */
  readonly doctor: DoctorSummary | null;
}

/** Exit status of everything that answers "is this boot good?" (DESIGN 4.8). */
export const VERDICT_EXIT = { good: 0, bad: 20, indeterminate: 21 } as const satisfies Record<Verdict, number>;
