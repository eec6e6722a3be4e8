import { GoodbootError, messageOf } from '../../core/errors.ts';
import { errored, type Outcome } from '../../core/outcome.ts';
import { agreedOutcome, RESULT_LIMIT_BYTES } from '../../core/result-text.ts';
import type { PlannedCheck } from '../../ports/check.ts';
import type { CheckRunner } from '../../ports/check-runner.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Processes } from '../../ports/processes.ts';

/** Runs each check as a child process: the same program and the same protocol as the unit, without the sandbox. */
export function makeChildRunner(deps: {
  readonly processes: Processes;
  readonly clock: Clock;
  /** The check program with its interpreter: the name of the check and the root are added. */
  readonly argv: readonly [string, ...string[]];
  readonly root: string;
  readonly planText: (checks: readonly PlannedCheck[]) => string;
  readonly budgetMs: (check: PlannedCheck) => number;
}): CheckRunner {
  return {
    how: 'processes',
    prepare: async () => undefined,
    async run(check, signal) {
      const start = deps.clock.monotonicMs();
      const ended = (outcome: Outcome) => ({ outcome, durationMs: deps.clock.monotonicMs() - start });
      try {
        const end = await deps.processes.run([...deps.argv, check.name, deps.root], {
          timeoutMs: deps.budgetMs(check),
          signal,
          maxOutputBytes: RESULT_LIMIT_BYTES,
          input: deps.planText([check]),
        });
        if (end.timedOut) return ended(errored('CHECK_TIMEOUT', 'it hung, and was ended'));
        if (end.signal !== null) return ended(errored('CHECK_KILLED', `it was ended by ${end.signal}`));
        if (end.truncated) return ended(errored('RESULT_TOO_LARGE', `more than ${RESULT_LIMIT_BYTES} bytes of result`));
        return ended(agreedOutcome(end.stdout, end.exitCode ?? -1, check.name));
      } catch (error) {
        if (signal.aborted) return ended(errored('CHECK_TIMEOUT', messageOf(signal.reason)));
        if (!(error instanceof GoodbootError)) throw error;
        return ended(errored('CHECK_NOT_STARTED', messageOf(error)));
      }
    },
  };
}
