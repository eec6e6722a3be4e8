import { type GoBackStep, goBack } from './go-back.ts';
import { newTrial, type StartedBy, type Trial } from './trial.ts';

/** What is known at the start of a boot, before any check has run. */
export interface BeginFacts {
  readonly startedBy: StartedBy;
  readonly booted: string | null;
  /** Deployments in boot order, the default first; null: the backend could not tell. */
  readonly deployments: readonly string[] | null;
  readonly trial: Trial | null;
  readonly counter: number | null;
  readonly denied: readonly string[];
  /** Deployments with a boot that ended clean: these start at all. */
  readonly ranBefore: readonly string[];
  readonly crashes: {
    /** Crashes of the booted deployment in a row, within the window of `trial.crashLoop`. */
    readonly count: number;
    /** How many are too many. */
    readonly limit: number;
    /** Another deployment crashed as often: that speaks for the power supply. */
    readonly elsewhere: boolean;
  };
}

/** What to do before anything is judged, in order; each step is durable before the next is taken. */
export type BeginAction =
  | { readonly kind: 'note-attempt'; readonly left: number }
  /** Tell the boot loader which deployment to fall back to, while the order of entries is known. */
  | { readonly kind: 'name-fallback'; readonly deployment: string }
  /** The deployment on trial runs, but the boot loader did not count this boot: kexec, or its fragment is gone. */
  | { readonly kind: 'note-uncounted' }
  /** The trial is over without a result: its deployment is gone, or somebody decided otherwise. */
  | { readonly kind: 'withdraw'; readonly why: 'deployment-is-gone' | 'not-the-default-any-more' | 'never-counted' }
  /** The trial was marked good, and the power went before that was written down. */
  | { readonly kind: 'close-good' }
  | { readonly kind: 'note-fallback' }
  /** A deployment that was good is given up: from here on as a trial that used up its attempts. */
  | { readonly kind: 'note-crash-loop'; readonly trial: Trial }
  | GoBackStep
  | { readonly kind: 'reboot'; readonly why: 'back-to-default' | 'crash-loop' };

/** Decides what a boot begins with. Pure and total. */
export function begin(facts: BeginFacts): readonly BeginAction[] {
  const { trial, booted, startedBy } = facts;
  if (booted === null || startedBy !== 'boot-loader') return [];
  if (trial === null) return settled(facts, booted);
  return trial.phase === 'fell-back' ? fellBack(facts, booted, trial) : armed(facts, booted, trial);
}

/** The boot loader chose its fallback, or would have: a person may have chosen another entry. */
const isUsedUp = ({ counter }: BeginFacts): boolean => counter !== null && counter < 0;

function armed(facts: BeginFacts, booted: string, trial: Trial): readonly BeginAction[] {
  const { deployments, counter } = facts;
  if (booted === trial.deployment) {
    // Not one attempt was seen: its entry was written without a counter, or somebody took the counter away.
    if (counter === null) return trial.counted < trial.attempts ? [{ kind: 'close-good' }] : withdraw('never-counted');
    // Something else is the default, by hand or because it could not be dropped, and so the fallback entry was this one.
    if (isUsedUp(facts) && deployments !== null && deployments[0] !== booted && deployments.includes(trial.from))
      return [{ kind: 'note-fallback' }, ...leave(trial)];
    if (counter >= trial.counted) return [{ kind: 'note-uncounted' }];
    return [
      { kind: 'note-attempt', left: counter },
      { kind: 'name-fallback', deployment: trial.from },
    ];
  }
  if (deployments === null) return [];
  // What was staged was never written, or was taken away: nothing of the trial is left to boot.
  if (!deployments.includes(trial.deployment)) return withdraw('deployment-is-gone');
  // Where the boot loader goes by position, a third deployment can stand there: then one boot more.
  if (isUsedUp(facts)) return [{ kind: 'note-fallback' }, ...(booted === trial.from ? goBack(trial) : leave(trial))];
  if (deployments[0] !== trial.deployment) return withdraw('not-the-default-any-more');
  // A person chose this entry, and the boot loader counted it: that attempt was not the deployment's.
  return counter !== null && counter < trial.counted ? [{ kind: 'set-counter', value: trial.counted }] : [];
}

function fellBack(facts: BeginFacts, booted: string, trial: Trial): readonly BeginAction[] {
  const { deployments, counter } = facts;
  if (booted === trial.from) return goBack(trial);
  // A cut in the middle of going back has booted the deployment that is to be left: finish, and boot the other.
  if (booted === trial.deployment) return leave(trial);
  // A person left a deployment that is not the next to boot any more.
  if (trial.byHand !== undefined && deployments !== null && deployments[0] !== trial.deployment)
    return withdraw('not-the-default-any-more');
  // An update that could not be kept out is the default, and a cut in the middle of going back has booted it. Nobody tries
  // it, so nobody would leave it; and the counter leads away from it in any case.
  const isAstray = counter !== null && counter >= 0 && booted === deployments?.[0];
  if (isAstray && deployments.includes(trial.from)) return leave(trial);
  if (deployments === null) return [];
  // The power went before the order was changed, and the boot loader counted on, to a third that stands where it falls to.
  if (isUsedUp(facts) && booted !== deployments[0] && deployments.includes(trial.from)) return leave(trial);
  // The order has changed since, so the entry has another name now. The next boot is to find it.
  if (deployments.includes(trial.from))
    return counter === null ? [] : [{ kind: 'name-fallback', deployment: trial.from }];
  // As long as the one on trial is the default, the counter alone keeps the node away from it.
  return deployments[0] === trial.deployment ? [] : withdraw('deployment-is-gone');
}

const withdraw = (why: Extract<BeginAction, { kind: 'withdraw' }>['why']): readonly BeginAction[] => [
  { kind: 'set-counter', value: null },
  { kind: 'withdraw', why },
];

const leave = (trial: Trial): readonly BeginAction[] => [...goBack(trial), { kind: 'reboot', why: 'back-to-default' }];

/** A deployment that was good once and now crashes again and again is treated as a failed trial, where there is another. */
function settled({ deployments, denied, ranBefore, crashes }: BeginFacts, booted: string): readonly BeginAction[] {
  const { count, limit, elsewhere } = crashes;
  const from = deployments?.find((id) => id !== booted && ranBefore.includes(id) && !denied.includes(id));
  if (count < limit || elsewhere || from === undefined || deployments?.[0] !== booted) return [];
  const trial: Trial = { ...newTrial({ deployment: booted, from, attempts: 1 }), phase: 'fell-back' };
  return [{ kind: 'note-crash-loop', trial }, ...goBack(trial), { kind: 'reboot', why: 'crash-loop' }];
}
