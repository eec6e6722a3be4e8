import type { ArmAction } from '../core/arm.ts';
import { judge } from '../core/decide.ts';
import { arm } from '../node/arm.ts';
import { runAll } from '../node/verdict.ts';
import { checkRunnerOf, countingOf, type Session, type Systemd, trialDeps } from './session.ts';

/** Puts on trial what is next, and runs the required checks for its baseline. @throws as `arm` */
export async function armNow(session: Session, systemd: Systemd, signal: AbortSignal): Promise<readonly ArmAction[]> {
  const { settings } = session.config;
  const baseline = async () => {
    const runner = await checkRunnerOf(session, systemd);
    const checks = settings.checks.filter(({ required }) => required);
    const request = {
      checks,
      planned: settings.checks,
      deadlineMs: settings.trial.deadlineMs,
      onResult: () => undefined,
    };
    const results = await runAll({ runner, clock: session.clock }, request);
    if (judge(results) === 'indeterminate') return null;
    return results.filter(({ outcome }) => outcome.state === 'fail').map(({ name }) => name);
  };
  return arm({ ...session, ...trialDeps(session), baseline, ...countingOf(session) }, settings.trial.attempts, signal);
}
