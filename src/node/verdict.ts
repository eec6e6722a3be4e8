import { decide, type Facts, judge, type Policy } from '../core/decide.ts';
import { withDrillCheck } from '../core/drill/drill.ts';
import { messageOf } from '../core/errors.ts';
import { type CheckResult, errored } from '../core/outcome.ts';
import type { Problem, VerdictReport } from '../core/verdict-report.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { PlannedCheck } from '../ports/check.ts';
import type { CheckRunner } from '../ports/check-runner.ts';
import type { Clock } from '../ports/clock.ts';
import type { Deployment, DeploymentActions } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import { act, type Effects } from './act.ts';
import type { Boot } from './boot.ts';
import { type BootLoaderView, readBootLoader } from './boot-loader-view.ts';
import { readDoctorSummary } from './doctor/keep.ts';
import { readTrialFacts } from './trial-facts.ts';

export interface VerdictDeps {
  readonly boot: Boot;
  readonly bootLoader: BootLoader;
  readonly deployments: DeploymentActions;
  readonly runner: CheckRunner;
  readonly clock: Clock;
  readonly files: Files;
  /** Null in a dry run: then nothing is done. */
  readonly effects: Effects | null;
}

export interface VerdictRequest {
  readonly checks: readonly PlannedCheck[];
  readonly policy: Policy;
  /** Reboots in a row that were asked for because of a regression, from the ledger. */
  readonly regressionReboots: number;
  /** The whole judging must be over after this time; a check that is not done then could not tell. */
  readonly deadlineMs: number;
  readonly problems: readonly Problem[];
  /** How long a passing trial is watched. */
  readonly soakMs: number;
  /** Told when the soak begins, and at each round of it. */
  readonly onSoak: (leftMs: number) => Promise<void>;
  /** Told that these checks are started, at each round of a soak too. */
  readonly onStart?: (checks: readonly PlannedCheck[]) => void;
  /** Told each result as it comes. */
  readonly onResult: (result: CheckResult) => void;
}

/** Runs every check at once, judges, and does what follows from it. What could not be learned is in `problems`. */
export async function judgeBoot(deps: VerdictDeps, configured: VerdictRequest): Promise<VerdictReport> {
  const { clock, boot } = deps;
  const start = clock.monotonicMs();
  const problems: Problem[] = [...configured.problems];
  const note = (problem: Problem) => problems.push(problem);
  const [deployment, trialFacts] = await Promise.all([booted(deps, note), readTrialFacts(deps, note)]);
  const onTrial = trialFacts.trial?.deployment ?? null;
  const checks = withDrillCheck(configured.checks, trialFacts.trial, deployment?.id ?? null);
  const request = { ...configured, checks };
  const bootLoader = await readBootLoader(deps.bootLoader, note, onTrial);
  const facts = (results: readonly CheckResult[], soaked: boolean): Facts => ({
    results,
    policy: request.policy,
    boot: {
      ...trialFacts,
      booted: deployment?.id ?? null,
      counter: bootLoader.counter,
      soaked,
      regressionReboots: request.regressionReboots,
    },
  });
  const first = await runAll(deps, request);
  const asked = decide(facts(first, false));
  const isSoaking = deps.effects !== null && asked.actions.some(({ kind }) => kind === 'soak');
  const results = isSoaking ? await soak(deps, request, first) : first;
  const { actions, ...decision } = isSoaking ? decide(facts(results, true)) : asked;
  const taken = await act(actions, deps.bootLoader, deps.effects);
  const after = taken.some(({ result }) => result === 'done')
    ? await readBootLoader(deps.bootLoader, note, onTrial)
    : bootLoader;
  return {
    apiVersion: 'goodboot/v1',
    kind: 'Verdict',
    bootId: boot.id,
    time: new Date(clock.now()).toISOString(),
    durationMs: Math.round(clock.monotonicMs() - start),
    dryRun: deps.effects === null,
    deployment,
    bootLoader: after,
    ...decision,
    checks: results,
    actions: taken,
    problems,
    doctor: await readDoctorSummary(deps.files),
  };
}

/** Rounds of a soak at most, and the shortest pause between two. */
const SOAK_ROUNDS = 20;
const SOAK_PAUSE_MS = 5_000;

/**
 * Repeats the required checks until a passing trial has held for the soak time. Each check has all its time to come
 * back: what is only late is not bad. The first round that is not good ends it.
 */
async function soak(
  deps: VerdictDeps,
  request: VerdictRequest,
  first: readonly CheckResult[],
): Promise<readonly CheckResult[]> {
  const { clock } = deps;
  const end = clock.monotonicMs() + request.soakMs;
  const required = request.checks.filter((check) => check.required);
  const pause = Math.max(SOAK_PAUSE_MS, request.soakMs / SOAK_ROUNDS);
  let results = first;
  for (let left = request.soakMs; left > 0; left = end - clock.monotonicMs()) {
    await request.onSoak(left);
    await clock.sleep(Math.min(pause, left), new AbortController().signal);
    const round = await runAll(deps, { ...request, checks: required, planned: request.checks });
    results = first.map((result) => round.find(({ name }) => name === result.name) ?? result);
    if (judge(results) !== 'good') break;
  }
  return results;
}

/** All at once: the machine is idle at this point of its boot, and the slowest check is what people wait for. */
export async function runAll(
  { runner, clock }: Pick<VerdictDeps, 'runner' | 'clock'>,
  request: Pick<VerdictRequest, 'checks' | 'deadlineMs' | 'onStart' | 'onResult'> & {
    /** Every configured check, when only some are run: all share one plan, also with a verdict that is being made. */
    readonly planned?: readonly PlannedCheck[];
  },
): Promise<readonly CheckResult[]> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error('the verdict could not wait any longer')), request.deadlineMs);
  const result = (check: PlannedCheck, end: Pick<CheckResult, 'outcome' | 'durationMs'>): CheckResult => {
    const { name, type, required } = check;
    return { name, type, required, outcome: end.outcome, durationMs: Math.round(end.durationMs) };
  };
  const start = clock.monotonicMs();
  // One that breaks says nothing of the others.
  const run = (check: PlannedCheck) =>
    runner.run(check, over.signal).catch((error: unknown) => ({
      outcome: errored('CHECK_NOT_STARTED', messageOf(error)),
      durationMs: clock.monotonicMs() - start,
    }));
  let isReady = false;
  try {
    await runner.prepare(request.planned ?? request.checks);
    isReady = true;
    request.onStart?.(request.checks);
    return await Promise.all(
      request.checks.map(async (check) => {
        const ended = result(check, await run(check));
        request.onResult(ended);
        return ended;
      }),
    );
  } catch (error) {
    // No check could even be started: each of them could not tell, and that is what the verdict is made of.
    const outcome = errored('CHECK_NOT_STARTED', messageOf(error));
    const results = request.checks.map((check) => result(check, { outcome, durationMs: clock.monotonicMs() - start }));
    if (!isReady) for (const each of results) request.onResult(each);
    return results;
  } finally {
    clearTimeout(timer);
  }
}

async function booted({ deployments }: VerdictDeps, note: (problem: Problem) => void): Promise<Deployment | null> {
  try {
    return await deployments.booted();
  } catch (error) {
    note({ code: 'FILE_UNREADABLE', message: messageOf(error) });
    return null;
  }
}

export type { BootLoaderView };
