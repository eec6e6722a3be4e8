import { formatDuration } from '../core/duration.ts';
import { GoodbootError, messageOf } from '../core/errors.ts';
import { errored, type Outcome } from '../core/outcome.ts';
import type { Check, CheckContext, PlannedCheck } from '../ports/check.ts';
import type { Clock } from '../ports/clock.ts';

/** Pause between two probes: short at first, when a service is just coming up; then gentle. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** What a port is given, after the end of its time, to say what it was waiting for. */
const LAST_WORDS_MS = 250;

/** The longest that a check can take, from its start to its answer. */
export const budgetMs = ({ withinMs, stableMs, timeoutMs }: PlannedCheck): number =>
  withinMs + stableMs + timeoutMs + LAST_WORDS_MS + LONGEST_PAUSE_MS;

/**
 * Probes until the check holds, for at most its `within` time; with `stable`, until it has held that long without a
 * break. Answers the last outcome when the time is over. Never throws.
 */
export async function runCheck<Options>(
  check: Check<Options>,
  planned: PlannedCheck,
  deps: { readonly options: Options; readonly use: CheckContext<Options>['use']; readonly clock: Clock },
): Promise<Outcome> {
  const { clock } = deps;
  const stable = check.tellsStability === true ? 0 : planned.stableMs;
  const start = clock.monotonicMs();
  // A check that tells stability from facts says "not yet" until something has been up for that long.
  const deadline = start + planned.withinMs + (check.tellsStability === true ? planned.stableMs : 0);
  let heldSince: number | null = null;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const outcome = await probe(check, planned, deps);
    const now = clock.monotonicMs();
    if (outcome.state === 'skip') return outcome;
    if (outcome.state === 'pass') {
      heldSince ??= now;
      if (now - heldSince >= stable) return outcome;
    } else {
      if (now >= deadline) return heldSince === null ? outcome : withNote(outcome, now - heldSince);
      heldSince = null;
    }
    const until = outcome.state === 'pass' ? (heldSince ?? now) + stable : deadline;
    await clock.sleep(Math.max(1, Math.min(pause, until - now)), NEVER);
  }
}

const NEVER = new AbortController().signal;

/** Says that it did hold for a while: otherwise a flapping thing looks like one that never came. */
const withNote = (outcome: Outcome, heldMs: number): Outcome =>
  outcome.state === 'fail'
    ? { ...outcome, reason: `${outcome.reason} (it had held for ${formatDuration(heldMs)})` }
    : outcome;

async function probe<Options>(
  check: Check<Options>,
  planned: PlannedCheck,
  { options, use }: { readonly options: Options; readonly use: CheckContext<Options>['use'] },
): Promise<Outcome> {
  const over = new AbortController();
  const inTime = setTimeout(() => over.abort(tooLate(planned)), planned.timeoutMs);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const tooLong = setTimeout(() => reject(tooLate(planned)), planned.timeoutMs + LAST_WORDS_MS);
  try {
    return await Promise.race([check.run({ options, use, signal: over.signal, stableMs: planned.stableMs }), late]);
  } catch (error) {
    if (error instanceof GoodbootError) return errored(error.code, messageOf(error));
    return errored('CHECK_THREW', messageOf(error));
  } finally {
    clearTimeout(inTime);
    clearTimeout(tooLong);
  }
}

const tooLate = ({ timeoutMs }: PlannedCheck) =>
  new GoodbootError('CHECK_TIMEOUT', `it could not tell within ${formatDuration(timeoutMs)}`);
