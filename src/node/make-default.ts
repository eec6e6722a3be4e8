import { formatDuration } from '../core/duration.ts';
import { GoodbootError, messageOf } from '../core/errors.ts';
import type { TrialStep } from '../core/ledger.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeploymentActions } from '../ports/deployments.ts';

/** Tries, and the pause before each: an updater may be in the middle of something when a boot begins. */
const PAUSES_MS = [0, 2_000, 10_000];
const TRY_TIMEOUT_MS = 120_000;

export interface MakeDefaultDeps {
  readonly bootLoader: BootLoader;
  readonly deployments: DeploymentActions;
  readonly clock: Clock;
  readonly note: (step: TrialStep, deployment: string, detail: string) => Promise<void>;
}

/**
 * Makes a deployment the default for good, with a bounded number of tries. When it cannot be done, the counter is set to
 * `otherwise`, for the next boot to try again: -1 where the boot loader would choose that deployment as its fallback,
 * else how many boots the default may take to try it. Never without a counter: an update may be the default.
 * @throws GoodbootError ROLLBACK_FAILED
 */
export async function makeDefault(
  deps: MakeDefaultDeps,
  deployment: string,
  otherwise: number,
  signal: AbortSignal,
): Promise<void> {
  const { bootLoader, deployments, clock, note } = deps;
  let last: unknown = null;
  for (const pause of PAUSES_MS) {
    try {
      if (pause > 0) await clock.sleep(pause, signal);
      await deployments.makeDefault(deployment, AbortSignal.any([signal, AbortSignal.timeout(TRY_TIMEOUT_MS)]));
      await note('rolled-back', deployment, 'it is the default again; this was read back');
      return;
    } catch (error) {
      last = error;
      if (signal.aborted) break;
    }
  }
  if (bootLoader.can.mark) await bootLoader.apply({ counter: otherwise, success: false, fallback: deployment });
  const tries = `${PAUSES_MS.length} tries within ${formatDuration(TRY_TIMEOUT_MS * PAUSES_MS.length)} at most`;
  const why = `${tries}: ${messageOf(last)}`;
  await note('rollback-failed', deployment, why);
  throw new GoodbootError('ROLLBACK_FAILED', `${deployment}: ${why}`, { cause: last });
}
