import type { CheckResult } from './outcome.ts';
import { type BootFacts, type Standing, type StartedBy, standingOf, type Trial } from './trial.ts';

export type Verdict = 'good' | 'bad' | 'indeterminate';

/** Why nothing is done about a boot. */
export type HoldReason =
  | 'regression'
  | 'indeterminate'
  | 'nothing-to-fall-back-to'
  | 'fallback-is-bad-too'
  | 'chosen-by-hand'
  | 'not-started-by-boot-loader';

/** What is to be done, in order. Plain data: the node acts, the core never does. */
export type Action =
  | { readonly kind: 'mark-good' }
  | { readonly kind: 'soak' }
  | { readonly kind: 'reboot'; readonly why: 'next-attempt' | 'to-fallback' | 'regression' }
  | { readonly kind: 'roll-back'; readonly from: string; readonly to: string }
  | { readonly kind: 'deny'; readonly deployment: string }
  | { readonly kind: 'end-trial'; readonly result: 'good' | 'rolled-back' | 'environment' | 'drilled' }
  | { readonly kind: 'hold'; readonly why: HoldReason };

/** What the configuration says about judging. */
export interface Policy {
  /** A passing trial is watched before it is marked good. */
  readonly soak: boolean;
  /** What to do about a deployment that was good before and is bad today. */
  readonly onRegression: 'hold' | 'reboot';
  /** How often `onRegression: reboot` may reboot in a row. */
  readonly regressionReboots: number;
}

export interface Facts {
  readonly results: readonly CheckResult[];
  readonly boot: BootFacts;
  readonly policy: Policy;
}

export interface Decision {
  readonly verdict: Verdict;
  readonly standing: Standing;
  readonly actions: readonly Action[];
  /** No required check said anything about the host: said out loud, because it looks like good (rule 11). */
  readonly nothingRequired: boolean;
}

/**
 * Judges the boot and says what to do about it. Total: every input has a decision. Pure: it is the whole of the
 * state machine in DESIGN 4.4, and is driven through its rows by test/unit/decide.test.ts.
 */
export function decide(facts: Facts): Decision {
  const verdict = judge(facts.results);
  const standing = standingOf(facts.boot);
  const told = facts.results.some(({ required, outcome }) => required && outcome.state !== 'skip');
  return { verdict, standing, actions: actionsFor(verdict, standing, facts), nothingRequired: !told };
}

/** Only required checks cost the boot. A failure outweighs a check that could not tell. */
export function judge(results: readonly CheckResult[]): Verdict {
  const states = new Set(results.filter(({ required }) => required).map(({ outcome }) => outcome.state));
  if (states.has('fail')) return 'bad';
  return states.has('error') ? 'indeterminate' : 'good';
}

function actionsFor(verdict: Verdict, standing: Standing, facts: Facts): readonly Action[] {
  switch (standing) {
    case 'settled':
      return settled(verdict, facts);
    case 'on-trial':
      return onTrial(verdict, facts);
    case 'fallback':
      return fallback(verdict, facts.results, facts.boot.trial);
    case 'by-hand':
      return hold('chosen-by-hand');
  }
}

/** Rule 2: what is not on trial is never rolled back, and rebooted only where the operator asked for it. */
function settled(verdict: Verdict, { boot, policy }: Facts): readonly Action[] {
  if (!countable(boot.startedBy)) return hold('not-started-by-boot-loader');
  if (verdict === 'good') return [{ kind: 'mark-good' }];
  if (verdict === 'indeterminate') return hold('indeterminate');
  const mayReboot = policy.onRegression === 'reboot' && boot.regressionReboots < policy.regressionReboots;
  return mayReboot ? [{ kind: 'reboot', why: 'regression' }] : hold('regression');
}

/** On trial, "could not tell" counts as bad. A reboot that nothing counts would loop, so it is not made (rule 3). */
function onTrial(verdict: Verdict, { boot, policy }: Facts): readonly Action[] {
  if (verdict === 'good') {
    if (policy.soak && !boot.soaked) return [{ kind: 'soak' }];
    return [{ kind: 'mark-good' }, { kind: 'end-trial', result: 'good' }];
  }
  // A counter below 0 says that the fallback was due, and yet this deployment was booted: another reboot would do the same.
  if (boot.canFallBack !== true || boot.counter === null || boot.counter < 0) return hold('nothing-to-fall-back-to');
  return [{ kind: 'reboot', why: boot.counter > 0 ? 'next-attempt' : 'to-fallback' }];
}

/**
 * The fallback is made permanent whatever the checks say: the trial is over. The deployment is denied, unless what
 * failed is failing before, during and after it (rule 6), or it was a drill. A fallback that is bad too stays up: there is
 * nowhere to go.
 */
function fallback(verdict: Verdict, results: readonly CheckResult[], trial: Trial | null): readonly Action[] {
  if (trial === null) return hold('indeterminate');
  const result = trial.drill === true ? 'drilled' : failedThroughout(results, trial) ? 'environment' : 'rolled-back';
  return [
    { kind: 'roll-back', from: trial.deployment, to: trial.from },
    ...(result === 'rolled-back' ? [{ kind: 'deny', deployment: trial.deployment } as const] : []),
    { kind: 'end-trial', result },
    verdict === 'good' ? { kind: 'mark-good' } : { kind: 'hold', why: 'fallback-is-bad-too' },
  ];
}

/** True when every check that failed in the trial also failed in the baseline and fails now. Not knowing is no. */
function failedThroughout(results: readonly CheckResult[], { baselineFailures, trialFailures }: Trial): boolean {
  if (baselineFailures === null || trialFailures.length === 0) return false;
  const failing = new Set(results.filter(({ outcome }) => outcome.state === 'fail').map(({ name }) => name));
  return trialFailures.every((name) => baselineFailures.includes(name) && failing.has(name));
}

const countable = (startedBy: StartedBy): boolean => startedBy === 'boot-loader';

const hold = (why: HoldReason): readonly Action[] => [{ kind: 'hold', why }];
