import type { Trial } from './trial.ts';

/** A deployment as far as going back to it is concerned. */
export interface Candidate {
  readonly id: string;
  readonly staged: boolean;
  /** This node noted a boot of it. */
  readonly seen: boolean;
  /** A boot of it ended clean here: it starts at all. */
  readonly ran: boolean;
}

export interface RollbackFacts {
  readonly booted: string | null;
  /** In boot order, a staged one first. */
  readonly deployments: readonly Candidate[];
  readonly trial: Trial | null;
  readonly denied: readonly string[];
  /** A person went back to it before, and it was not booted since. */
  readonly chosen: string | null;
}

/** Why that deployment: in words for people in src/node/rollback.ts. */
export type RollbackWhy = 'trial' | 'unfinished' | 'update-waits' | 'ran-before' | 'never-ran' | 'already';

export type RollbackPlan =
  | {
      readonly kind: 'roll-back';
      readonly to: string;
      /** What is left, and denied unless that is not wanted. */
      readonly leaves: string;
      readonly why: RollbackWhy;
      /** Taken away first: its turn comes again, on trial. */
      readonly drops: string | null;
    }
  | { readonly kind: 'refuse'; readonly why: 'no-deployments' | 'only-one' }
  /** `other-default`: two that worked, one runs and the other boots next; which of them is to be left? */
  | { readonly kind: 'refuse'; readonly why: 'denied' | 'other-default'; readonly deployment: string };

/**
 * Decides what "go back" means. What the node would leave by itself comes first: an open trial. An update that is in the
 * menu and was never booted is left for what runs. Otherwise what runs is left, for the first of the others that is
 * not denied and came up here before, or else for the first at all. Asked again before the reboot, it is the same. Pure.
 */
export function planRollback({ booted, deployments, trial, denied, chosen }: RollbackFacts): RollbackPlan {
  const menu = deployments.filter(({ staged }) => !staged);
  const [first] = menu;
  if (booted === null || first === undefined) return { kind: 'refuse', why: 'no-deployments' };
  const staged = deployments.find((each) => each.staged)?.id ?? null;
  const plan = (to: string, leaves: string, why: RollbackWhy): RollbackPlan =>
    denied.includes(to)
      ? { kind: 'refuse', why: 'denied', deployment: to }
      : { kind: 'roll-back', to, leaves, why, drops: staged };
  const has = (id: string) => menu.some((each) => each.id === id);

  if (trial !== null && has(trial.from)) {
    if (trial.phase === 'fell-back') return plan(trial.from, trial.deployment, 'unfinished');
    if (trial.deployment === booted) return plan(trial.from, booted, 'trial');
  }
  if (first.id !== booted) {
    if (first.id === chosen) return plan(first.id, booted, 'already');
    const isUpdate = trial?.deployment === first.id || !first.seen || denied.includes(first.id);
    if (isUpdate && has(booted)) return plan(booted, first.id, 'update-waits');
    return { kind: 'refuse', why: 'other-default', deployment: first.id };
  }
  const others = menu.filter(({ id }) => id !== booted);
  const allowed = others.filter(({ id }) => !denied.includes(id));
  const best = allowed.find(({ ran }) => ran) ?? allowed[0] ?? others[0];
  if (best === undefined) return { kind: 'refuse', why: 'only-one' };
  return plan(best.id, booted, best.ran ? 'ran-before' : 'never-ran');
}
