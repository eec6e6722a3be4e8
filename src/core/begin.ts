import type { StartedBy, Trial } from './trial.ts';

/** What is known at the start of a boot, before any check has run. */
export interface BeginFacts {
  readonly startedBy: StartedBy;
  readonly booted: string | null;
  /** Deployments in boot order, the default first; null: the backend could not tell. */
  readonly deployments: readonly string[] | null;
  readonly trial: Trial | null;
  readonly counter: number | null;
  readonly denied: readonly string[];
  /** Crashes of the booted deployment within the window of `trial.crashLoop`, and how many are too many. */
  readonly crashes: { readonly count: number; readonly limit: number };
}

/** What to do before anything is judged, in order; each step is durable before the next is taken. */
export type BeginAction =
  | { readonly kind: 'note-attempt'; readonly left: number }
  /** The deployment on trial runs, but the boot loader did not count this boot: kexec, or its fragment is gone. */
  | { readonly kind: 'note-uncounted' }
  /** The trial is over without a result: its deployment is gone, or somebody decided otherwise. */
  | { readonly kind: 'withdraw'; readonly why: 'deployment-is-gone' | 'not-the-default-any-more' }
  /** The trial was marked good, and the power went before that was written down. */
  | { readonly kind: 'close-good' }
  | { readonly kind: 'note-fallback' }
  /**
   * The counter is set to attempts while the order of deployments changes: whichever of the two states a power cut
   * leaves, the boot loader goes on counting towards a deployment that works.
   */
  | { readonly kind: 'set-counter'; readonly value: number | null }
  | { readonly kind: 'make-default'; readonly deployment: string }
  | { readonly kind: 'deny'; readonly deployment: string; readonly why: 'crash-loop' }
  | { readonly kind: 'reboot'; readonly why: 'back-to-default' | 'crash-loop' };

/** Decides what a boot begins with. Pure and total; doing it twice is the same as doing it once. */
export function begin(facts: BeginFacts): readonly BeginAction[] {
  const { trial, booted, startedBy } = facts;
  if (booted === null || startedBy !== 'boot-loader') return [];
  return trial === null ? settled(facts, booted) : underTrial(facts, booted, trial);
}

function underTrial({ deployments, counter }: BeginFacts, booted: string, trial: Trial): readonly BeginAction[] {
  if (trial.phase === 'fell-back') return booted === trial.from ? goBack(trial) : leave(trial, booted);
  if (booted === trial.deployment) {
    if (counter === null) return [{ kind: 'close-good' }];
    return counter < trial.counted ? [{ kind: 'note-attempt', left: counter }] : [{ kind: 'note-uncounted' }];
  }
  if (deployments === null) return [];
  // What was staged was never written, or was taken away: nothing of the trial is left to boot.
  if (!deployments.includes(trial.deployment)) return withdraw('deployment-is-gone');
  if (booted === trial.from && counter !== null && counter < 0) return [{ kind: 'note-fallback' }, ...goBack(trial)];
  if (deployments[0] !== trial.deployment) return withdraw('not-the-default-any-more');
  return [];
}

const withdraw = (why: Extract<BeginAction, { kind: 'withdraw' }>['why']): readonly BeginAction[] => [
  { kind: 'set-counter', value: null },
  { kind: 'withdraw', why },
];

/** Makes the fallback permanent. The trial itself is ended by the verdict, which knows whose fault it was. */
const goBack = (trial: Trial): readonly BeginAction[] => [
  { kind: 'set-counter', value: trial.attempts },
  { kind: 'make-default', deployment: trial.from },
  { kind: 'set-counter', value: null },
];

/** A cut in the middle of going back has booted the deployment that is to be left: finish, and boot the other. */
function leave(trial: Trial, booted: string): readonly BeginAction[] {
  if (booted !== trial.deployment) return [];
  return [...goBack(trial), { kind: 'reboot', why: 'back-to-default' }];
}

/** A deployment that was good once and now crashes again and again is treated as a failed trial, where there is another. */
function settled({ deployments, denied, crashes }: BeginFacts, booted: string): readonly BeginAction[] {
  const other = deployments?.find((id) => id !== booted && !denied.includes(id)) ?? null;
  if (crashes.count < crashes.limit || other === null || deployments?.[0] !== booted) return [];
  return [
    { kind: 'deny', deployment: booted, why: 'crash-loop' },
    { kind: 'make-default', deployment: other },
    { kind: 'reboot', why: 'crash-loop' },
  ];
}
