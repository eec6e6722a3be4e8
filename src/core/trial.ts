/** A trial: the deployment that an update brought, from arming until it is marked good or given up. */
export interface Trial {
  /** The deployment on trial. */
  readonly deployment: string;
  /** The deployment that worked, and that a rollback goes back to. */
  readonly from: string;
  /** Boots that it may take. */
  readonly attempts: number;
  /** The counter as it was last seen, `attempts` when armed: a boot in which it is not lower was not counted. */
  readonly counted: number;
  /** `fell-back`: the attempts are used up, and `from` is being made the default again. Set before anything else is changed. */
  readonly phase: 'armed' | 'fell-back';
  /** Required checks that failed on the old deployment when the update was armed; null: the baseline could not be run. */
  readonly baselineFailures: readonly string[] | null;
  /** Required checks that failed on any boot of this trial so far. */
  readonly trialFailures: readonly string[];
  /** A person goes back (`goodboot rollback`). `onTrial`: a trial was open; else a settled deployment is left. */
  readonly byHand?: { readonly onTrial: boolean; readonly deny: boolean };
  /** A drill: it fails on purpose, and nobody is denied for it. */
  readonly drill?: true;
}

/** An armed trial of which nothing is known yet. */
export const newTrial = ({
  deployment,
  from,
  attempts,
}: {
  readonly deployment: string;
  readonly from: string;
  readonly attempts: number;
}): Trial => ({
  deployment,
  from,
  attempts,
  counted: attempts,
  phase: 'armed',
  baselineFailures: null,
  trialFailures: [],
});

/** What started the running kernel. Only `boot-loader` counts: nothing else can have spent an attempt. */
export type StartedBy = 'boot-loader' | 'kexec' | 'container' | 'live';

/** What is known of this boot, apart from the checks. */
export interface BootFacts {
  readonly startedBy: StartedBy;
  /** Identity of the booted deployment; null on a system without deployments. */
  readonly booted: string | null;
  /** The open trial, if there is one. */
  readonly trial: Trial | null;
  /** The boot loader's counter as it was found: attempts left after this boot, -1 = it chose the fallback, null = not set. */
  readonly counter: number | null;
  /** A reboot would be counted, and there is a deployment to fall back to. `null`: could not tell. */
  readonly canFallBack: boolean | null;
  /** The soak of this boot is over. */
  readonly soaked: boolean;
  /** Reboots that `onRegression: reboot` has asked for in a row, before this boot. */
  readonly regressionReboots: number;
}

/**
 * Where this boot stands. Identity decides, never the counter alone (rule 5):
 * - `settled`: no trial is open, or nothing here can be counted;
 * - `on-trial`: the deployment on trial is booted;
 * - `fallback`: a trial is open, the old deployment is booted, and the boot loader says that it chose it;
 * - `by-hand`: a trial is open, but a person chose another entry, or goes back and the next boot has to finish that: it
 *   is neither judged nor ended.
 */
export type Standing = 'settled' | 'on-trial' | 'fallback' | 'by-hand';

export function standingOf(boot: Pick<BootFacts, 'startedBy' | 'booted' | 'trial' | 'counter'>): Standing {
  const { trial, counter } = boot;
  if (trial === null || boot.booted === null || boot.startedBy !== 'boot-loader') return 'settled';
  if (trial.byHand !== undefined) return 'by-hand';
  if (boot.booted === trial.deployment) return counter === null ? 'settled' : 'on-trial';
  const chosenByLoader = trial.phase === 'fell-back' || (counter !== null && counter < 0);
  return boot.booted === trial.from && chosenByLoader ? 'fallback' : 'by-hand';
}
