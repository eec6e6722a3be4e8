import { GoodbootError, messageOf } from '../../core/errors.ts';
import { errored, type Outcome } from '../../core/outcome.ts';
import { agreedOutcome, parseResult, RESULT_LIMIT_BYTES } from '../../core/result-text.ts';
import type { PlannedCheck } from '../../ports/check.ts';
import type { CheckRunner } from '../../ports/check-runner.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Files } from '../../ports/files.ts';
import type { JobEnd, ServiceManager, ServiceState } from '../../ports/service-manager.ts';
import { grantStartTime, RUNTIME_UNITS } from './start-time.ts';

const RESULTS = '/run/goodboot/results';
/** Statuses that systemd itself gives a process that it could not start: systemd.exec(5), "Process Exit Codes". */
const FIRST_SYSTEMD_STATUS = 200;
const STOP_TIMEOUT_MS = 10_000;
/** TimeoutStartSec= of goodboot-check@.service. */
export const CHECK_START_MS = 2 * 60_000;

export const checkUnit = (name: string): string => `goodboot-check@${name}.service`;

/** Runs each check as goodboot-check@NAME.service, and reads from systemd how it ended. */
export function makeUnitRunner(deps: {
  readonly manager: ServiceManager;
  readonly files: Files;
  readonly clock: Clock;
  /** The directory with a sandbox for each type of check. */
  readonly sandboxes: string;
  /** The longest that a check can take, from its start to its answer. */
  readonly budgetMs: (check: PlannedCheck) => number;
  /** Writes the plan that the check programs read. */
  readonly writePlan: (checks: readonly PlannedCheck[]) => Promise<void>;
}): CheckRunner {
  const { manager, files, clock } = deps;

  const outcomeOf = async (name: string, end: JobEnd, startMs: number): Promise<Outcome> => {
    const bytes = (await files.readBytes(`${RESULTS}/${name}.json`, RESULT_LIMIT_BYTES)) ?? Buffer.alloc(0);
    const text = bytes.toString('utf8');
    if (end.result === 'done') return ofSuccess(text, name, startMs);
    if (end.result !== 'failed') return errored('CHECK_NOT_STARTED', `its start job ended as "${end.result}"`);
    const { service } = await manager.unit(checkUnit(name));
    if (service === null) return errored('CHECK_NOT_STARTED', 'systemd does not know it as a service');
    return service.result === 'exit-code' ? ofExit(service, text, name) : errored(...causeOfDeath(service));
  };

  return {
    how: 'units',
    async prepare(checks) {
      // Results stay: systemd empties each when its check starts, and another goodboot may be waiting for one of them.
      await files.makeDirectory(RESULTS);
      await deps.writePlan(checks);
      const changed = await Promise.all(checks.map((check) => linkSandbox(files, check, deps.sandboxes)));
      await Promise.all(checks.map((check) => grantTime(files, check, deps.budgetMs(check))));
      // A unit that systemd has never loaded picks its sandbox up by itself; a reload is for one that had another.
      if (changed.includes('replaced')) await manager.reload();
    },
    async run(check, signal) {
      const unit = checkUnit(check.name);
      const start = clock.monotonicMs();
      const ended = (outcome: Outcome) => ({ outcome, durationMs: clock.monotonicMs() - start });
      try {
        await manager.resetFailed(unit);
        return ended(await outcomeOf(check.name, await manager.start(unit, signal), start));
      } catch (error) {
        if (signal.aborted) {
          await manager.stop(unit, AbortSignal.timeout(STOP_TIMEOUT_MS)).catch(() => undefined);
          return ended(errored('CHECK_TIMEOUT', messageOf(signal.reason)));
        }
        if (!(error instanceof GoodbootError)) throw error;
        const code = error.code.startsWith('RESULT_') ? error.code : 'CHECK_NOT_STARTED';
        return ended(errored(code, messageOf(error)));
      }
    },
  };
}

/** Each type of check gets the sandbox that its work allows; see units/sandbox/. */
async function linkSandbox(files: Files, check: PlannedCheck, sandboxes: string): Promise<'same' | 'new' | 'replaced'> {
  const directory = `${RUNTIME_UNITS}/${checkUnit(check.name)}.d`;
  const path = `${directory}/10-type.conf`;
  const target = `${sandboxes}/${check.type}.conf`;
  const before = await files.readLink(path);
  const wanted = (await files.info(target)) === null ? null : target;
  if (before === wanted) return 'same';
  if (before !== null) await files.remove(path);
  if (wanted !== null) {
    await files.makeDirectory(directory);
    await files.link(wanted, path);
  }
  return before === null ? 'new' : 'replaced';
}

/** One that can be slow gets the time of its start-up, and its own. */
const grantTime = (files: Files, check: PlannedCheck, budgetMs: number): Promise<void> =>
  grantStartTime(files, checkUnit(check.name), budgetMs > CHECK_START_MS ? CHECK_START_MS + budgetMs : null);

/** Its exit status was that of pass or of skip: systemd has forgotten which by now. */
function ofSuccess(text: string, name: string, startMs: number): Outcome {
  const { outcome, endedMs } = parseResult(text, name);
  // A start job is done, too, when a condition of the unit did not hold, and then nothing ran.
  if (endedMs < Math.floor(startMs))
    return errored('RESULT_MISSING', 'it did not run: its result is of an earlier run');
  if (outcome.state === 'pass' || outcome.state === 'skip') return outcome;
  return errored('RESULT_INVALID', `its result says ${outcome.state}, its exit status says that it passed`);
}

function ofExit(service: ServiceState, text: string, name: string): Outcome {
  if (service.exitStatus >= FIRST_SYSTEMD_STATUS) {
    return errored(
      'CHECK_NOT_STARTED',
      `systemd could not start its program (exit status ${service.exitStatus}, see systemd.exec(5))`,
    );
  }
  return agreedOutcome(text, service.exitStatus, name);
}

function causeOfDeath({ result, exitStatus }: ServiceState): [code: string, reason: string] {
  switch (result) {
    case 'timeout':
      return ['CHECK_TIMEOUT', 'it hung, and systemd ended it'];
    case 'oom-kill':
      return ['CHECK_OOM', 'it was ended because memory ran out'];
    case 'signal':
      return ['CHECK_KILLED', `it was ended by signal ${exitStatus}`];
    case 'core-dump':
      return ['CHECK_KILLED', `it crashed with signal ${exitStatus} (core dumped)`];
    default:
      return ['CHECK_NOT_STARTED', `systemd says "${result}"`];
  }
}
