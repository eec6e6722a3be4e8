import type { Trial } from './trial.ts';

/** What is known when an update appears or goes away. */
export interface ArmFacts {
  readonly booted: string | null;
  /** The deployment that the next boot would start, staged ones included; null: could not tell. */
  readonly next: string | null;
  readonly trial: Trial | null;
  readonly denied: readonly string[];
  /** The boot loader runs our counting fragment: seen in this boot, only found in its files, or not there. */
  readonly fragment: 'proven' | 'installed' | 'absent' | 'unknown';
  /** The boot loader can write its counter: false on btrfs, LVM, RAID, encryption. */
  readonly canCount: boolean;
  readonly attempts: number;
}

export type RefuseReason = 'fragment-absent' | 'fragment-unknown' | 'counter-not-writable-by-boot-loader';

export type ArmAction =
  | { readonly kind: 'nothing'; readonly why: 'no-update' | 'armed-already' | 'could-not-tell' }
  /** Run the baseline, write the trial down, then set the counter. */
  | { readonly kind: 'arm'; readonly deployment: string; readonly from: string; readonly attempts: number }
  | { readonly kind: 'withdraw'; readonly deployment: string }
  | { readonly kind: 'drop'; readonly deployment: string }
  | { readonly kind: 'refuse'; readonly deployment: string; readonly why: RefuseReason };

/** Decides about an update. Pure; what cannot fall back is never armed (rule 3), what is denied never booted (rule 7). */
export function decideArm(facts: ArmFacts): readonly ArmAction[] {
  const { booted, next, trial, denied, attempts } = facts;
  if (booted === null || next === null) return [{ kind: 'nothing', why: 'could-not-tell' }];
  const stale = trial !== null && trial.phase === 'armed' && trial.from === booted && trial.deployment !== next;
  const first: readonly ArmAction[] = stale ? [{ kind: 'withdraw', deployment: trial.deployment }] : [];
  if (next === booted) return first.length > 0 ? first : [{ kind: 'nothing', why: 'no-update' }];
  if (denied.includes(next)) return [...first, { kind: 'drop', deployment: next }];
  if (trial?.deployment === next && trial.from === booted) return [{ kind: 'nothing', why: 'armed-already' }];
  const why = whyNot(facts);
  return [
    ...first,
    why === null
      ? { kind: 'arm', deployment: next, from: booted, attempts }
      : { kind: 'refuse', deployment: next, why },
  ];
}

function whyNot({ fragment, canCount }: ArmFacts): RefuseReason | null {
  if (fragment === 'absent') return 'fragment-absent';
  if (fragment === 'unknown') return 'fragment-unknown';
  return canCount ? null : 'counter-not-writable-by-boot-loader';
}
