/** Small JSON facts that a check saw, kept with its outcome for people and for the collector. */
export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [key: string]: Fact };
export type Facts = Readonly<Record<string, Fact>>;

/**
 * What one check said. `error` means that the check could not tell: it says nothing about the host,
 * and is never the same as `fail`.
 */
export type Outcome =
  | { readonly state: 'pass'; readonly facts: Facts }
  | { readonly state: 'fail'; readonly reason: string; readonly facts: Facts }
  | { readonly state: 'skip'; readonly reason: string }
  | { readonly state: 'error'; readonly reason: string; readonly code: string; readonly facts?: Facts };

export type OutcomeState = Outcome['state'];

/** One check's outcome as the verdict sees it, with what the check is and how long it took. */
export interface CheckResult {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

export const pass = (facts: Facts = {}): Outcome => ({ state: 'pass', facts });
export const fail = (reason: string, facts: Facts = {}): Outcome => ({ state: 'fail', reason, facts });
export const skip = (reason: string): Outcome => ({ state: 'skip', reason });
export const errored = (code: string, reason: string, facts?: Facts): Outcome =>
  facts === undefined ? { state: 'error', code, reason } : { state: 'error', code, reason, facts };

/**
 * Exit status of a check program. Numbers from 1 to 14 and from 128 are Node's own ways to die
 * (uncaught error 1, unsettled await 13, signals 128 and up), so none of them can mean "check failed".
 */
export const CHECK_EXIT = { pass: 0, fail: 20, skip: 21, error: 70 } as const satisfies Record<OutcomeState, number>;

/** The one sentence that says why; empty for a pass. */
export const reasonOf = (outcome: Outcome): string => (outcome.state === 'pass' ? '' : outcome.reason);
