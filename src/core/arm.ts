import type { Trial } from './trial.ts';

/** The deployment that the next boot would start. */
export interface NextDeployment {
  readonly id: string;
  /** Not in the boot menu yet: it is written at shutdown. */
  readonly staged: boolean;
  /** This node booted it before. */
  readonly seen: boolean;
}

/** What is known when an update appears or goes away. */
export interface ArmFacts {
  readonly booted: string | null;
  /** A staged one before all others; null: could not tell. */
  readonly next: NextDeployment | null;
  /** What the boot menu starts by itself as long as nothing that is staged is written. */
  readonly inMenu: string | null;
  readonly trial: Trial | null;
  readonly counter: number | null;
  /** The mark of the boot that runs: the boot loader does not count the boot after it. */
  readonly success: boolean | null;
  /** Identities of deployments. */
  readonly denied: readonly string[];
  /** A person went back to it by hand, and it was not booted since. */
  readonly chosen: string | null;
  /** The boot loader runs our counting fragment: seen in this boot, only found in its files, or not there. */
  readonly fragment: 'proven' | 'installed' | 'absent' | 'unknown';
  /** The boot loader can write its counter: false on btrfs, LVM, RAID, encryption. */
  readonly canCount: boolean;
  /**
   * The boot loader would ask a person for a password before it starts what is booted now, once something else is the
   * default. False also where that cannot be told.
   */
  readonly needsPassword: boolean;
  readonly attempts: number;
}

export type RefuseReason =
  | 'fragment-absent'
  | 'fragment-unknown'
  | 'counter-not-writable-by-boot-loader'
  | 'fallback-needs-password';

export type ArmAction =
  | { readonly kind: 'nothing'; readonly why: 'no-update' | 'armed-already' | 'trial-is-open' | 'could-not-tell' }
  /** Write the trial down, set the counter, then run the baseline. */
  | { readonly kind: 'arm'; readonly deployment: string; readonly from: string; readonly attempts: number }
  /** The trial is there, but would not be counted: arming was interrupted, or the old deployment was marked good since. */
  | { readonly kind: 'set-counter'; readonly deployment: string; readonly value: number }
  /** The trial of the booted deployment was marked good by hand. */
  | { readonly kind: 'close-good'; readonly deployment: string }
  | { readonly kind: 'withdraw'; readonly deployment: string }
  /** Take it away, so that it is not booted; what is next then is decided about anew. */
  | {
      readonly kind: 'drop';
      readonly deployment: string;
      readonly staged: boolean;
      /** The last two: written to the disk, it would take away what is on trial, or what is gone back to. */
      readonly why: 'denied' | 'trial-is-open' | 'rollback-waits';
    }
  | { readonly kind: 'refuse'; readonly deployment: string; readonly why: RefuseReason };

/** Decides about an update. Pure; what cannot fall back is never armed (rule 3), what is denied never booted (rule 7). */
export function decideArm(facts: ArmFacts): readonly ArmAction[] {
  const { booted, next, counter, success, denied } = facts;
  if (booted === null || next === null) return [{ kind: 'nothing', why: 'could-not-tell' }];
  const isOther = next.id !== booted;
  const drop = { kind: 'drop', deployment: next.id, staged: next.staged } as const;
  const { trial } = facts;
  // While the node goes back, goodboot-begin alone changes the order: it knows what the counter has to be meanwhile.
  const mayDrop = next.staged || (trial?.phase !== 'fell-back' && next.id !== trial?.from);
  if (isOther && denied.includes(next.id) && mayDrop) return [{ ...drop, why: 'denied' }];
  if (trial === null) return newTrial(facts, booted, next);

  if (trial.deployment === booted && counter === null && trial.phase === 'armed') {
    return [{ kind: 'close-good', deployment: booted }, ...newTrial(facts, booted, next)];
  }
  const { deployment, phase } = trial;
  const hasBegun = deployment === booted || phase === 'fell-back';
  if (isOther && next.staged && (hasBegun || deployment === facts.inMenu)) return [{ ...drop, why: 'trial-is-open' }];
  if (hasBegun) return [{ kind: 'nothing', why: 'trial-is-open' }];
  if (deployment === next.id) {
    const isCounting = counter !== null && success !== true;
    return isCounting
      ? [{ kind: 'nothing', why: 'armed-already' }]
      : [{ kind: 'set-counter', deployment, value: trial.counted }];
  }
  return [{ kind: 'withdraw', deployment }, ...newTrial(facts, booted, next)];
}

/** A deployment that ran here before and is the default of the menu was chosen by somebody: that is no update. */
function newTrial(facts: ArmFacts, booted: string, next: NextDeployment): readonly ArmAction[] {
  const { chosen, inMenu } = facts;
  const isGoingBack = chosen !== null && chosen === inMenu && chosen !== booted;
  if (isGoingBack && next.staged && next.id !== booted)
    return [{ kind: 'drop', deployment: next.id, staged: true, why: 'rollback-waits' }];
  const isKnown = (next.seen || isGoingBack) && next.id === inMenu;
  if (next.id === booted || isKnown) return [{ kind: 'nothing', why: 'no-update' }];
  const why = whyNot(facts);
  if (why !== null) return [{ kind: 'refuse', deployment: next.id, why }];
  return [{ kind: 'arm', deployment: next.id, from: booted, attempts: facts.attempts }];
}

function whyNot({ fragment, canCount, needsPassword }: ArmFacts): RefuseReason | null {
  if (fragment === 'absent') return 'fragment-absent';
  if (fragment === 'unknown') return 'fragment-unknown';
  if (!canCount) return 'counter-not-writable-by-boot-loader';
  return needsPassword ? 'fallback-needs-password' : null;
}
