import { GoodbootError } from '../core/errors.ts';
import { goBack } from '../core/go-back.ts';
import { deniedAs, deniedIds, deny, type NodeState } from '../core/node-state.ts';
import { planRollback, type RollbackPlan, type RollbackWhy } from '../core/rollback.ts';
import { newTrial, type Trial } from '../core/trial.ts';
import type { DeploymentActions, DeploymentEntry } from '../ports/deployments.ts';
import { type GoBackDeps, goBackStep } from './go-back.ts';
import { loadState, updateState } from './state.ts';

export interface RollbackDeps extends GoBackDeps {
  readonly deployments: DeploymentActions;
}

export interface RollbackRequest {
  readonly deny: boolean;
  readonly dryRun: boolean;
  /** Also to one that never came up here: nobody counts that boot, so nothing leads back from it. */
  readonly force: boolean;
  /** Boots that the boot loader may spend while the order of deployments changes, where no trial says so. */
  readonly attempts: number;
  readonly signal: AbortSignal;
}

/** What was decided, and whether anything had to be changed for it. In a dry run: would have to be. */
export type Rollback = Decided & { readonly changed: boolean; readonly denies: boolean };
type Decided = Extract<RollbackPlan, { kind: 'roll-back' }>;

/** Why that one, as the end of a sentence. */
export const ROLLBACK_WHY: Readonly<Record<RollbackWhy, string>> = {
  trial: 'the trial that is open began there',
  unfinished: 'the node is going back to it already',
  'update-waits': 'it runs now, and the default was not booted into or is on trial',
  'ran-before': 'it is the next in the menu that came up on this node before',
  'never-ran': 'it is the only way back, but this node never came up with it',
  already: 'this was decided before',
};

/**
 * A person goes back: the deployment to go back to becomes the default for good, what is left is denied, and nothing is
 * on trial any more. Nothing is rebooted. The decision is written down first, so that goodboot-begin finishes it at the
 * next boot, whether the power goes or the backend refuses.
 * @throws GoodbootError NOTHING_TO_GO_BACK_TO, DEPLOYMENT_DENIED, WAY_BACK_UNPROVEN, DEFAULT_DIFFERS, ROLLBACK_FAILED; of
 * the state, the boot loader or the backend
 */
export async function rollBack(deps: RollbackDeps, request: RollbackRequest): Promise<Rollback> {
  const plan = await decide(deps, request.signal);
  if (plan.why === 'never-ran' && !request.force)
    throw new GoodbootError('WAY_BACK_UNPROVEN', `${plan.to}: it never came up on this node`);
  const { denied } = await loadState(deps.files);
  const denies = request.deny && !denied.some(({ deployment }) => deployment === plan.leaves);
  const changed = plan.why !== 'already' || plan.drops !== null || denies;
  if (changed && !request.dryRun) await take(plan, deps, request);
  return { ...plan, changed, denies };
}

async function decide({ files, deployments }: RollbackDeps, signal: AbortSignal): Promise<Decided> {
  const [state, booted, entries] = await Promise.all([
    loadState(files),
    deployments.booted(),
    deployments.list(signal),
  ]);
  const { boots, trial, chosen = null } = state;
  const plan = planRollback({
    booted: booted?.id ?? null,
    deployments: entries.map(({ id, staged }) => {
      const own = boots.filter(({ deployment }) => deployment === id);
      return { id, staged, seen: own.length > 0, ran: own.some(({ ended }) => ended === 'clean') };
    }),
    trial,
    denied: deniedIds(state, entries),
    chosen,
  });
  if (plan.kind === 'refuse') throw refusal(plan, state, entries);
  return plan;
}

function refusal(
  plan: Extract<RollbackPlan, { kind: 'refuse' }>,
  state: NodeState,
  entries: readonly DeploymentEntry[],
): GoodbootError {
  switch (plan.why) {
    case 'no-deployments':
      return new GoodbootError('NOTHING_TO_GO_BACK_TO', 'this system has no deployments');
    case 'only-one':
      return new GoodbootError('NOTHING_TO_GO_BACK_TO', 'there is only one deployment');
    case 'denied': {
      const { deployment } = plan;
      const target = entries.find(({ id }) => id === deployment);
      const name = target === undefined ? null : deniedAs(state, target);
      const hint = `goodboot deny list says why; goodboot deny remove ${name ?? deployment} allows it`;
      return new GoodbootError('DEPLOYMENT_DENIED', `${deployment}: it is denied on this node`, { hint });
    }
    case 'other-default':
      return new GoodbootError('DEFAULT_DIFFERS', `${plan.deployment} boots next, and something else runs`);
  }
}

async function take(plan: Decided, deps: RollbackDeps, request: RollbackRequest): Promise<void> {
  const { files, deployments, note } = deps;
  const { to, leaves, why, drops } = plan;
  if (drops !== null) {
    await deployments.dropStaged(request.signal);
    await note('dropped', drops, 'a rollback by hand');
  }
  if (why === 'already') return denyOnly(deps, leaves, request.deny);

  // One write: a trial that is withdrawn first could be booted into in between, and nobody would count.
  const { before, after } = await updateState(files, (now) => ({ ...now, trial: recordOf(now.trial, plan, request) }));
  const open = before.trial;
  if (open !== null && !isSame(open, plan)) await note('withdrawn', open.deployment, 'a rollback by hand');
  await note('rollback-by-hand', leaves, `back to ${to}`);
  let state: NodeState = after;
  for (const step of after.trial === null ? [] : goBack(after.trial))
    state = await goBackStep(step, state, deps, request.signal);
}

const isSame = (open: Trial, { leaves, to }: Decided): boolean => open.deployment === leaves && open.from === to;

/** The decision as it is written down, over the trial that is open. */
function recordOf(open: Trial | null, plan: Decided, request: RollbackRequest): Trial {
  const { leaves: deployment, to: from } = plan;
  const same = open !== null && isSame(open, plan) ? open : null;
  const byHand = { onTrial: same !== null && (same.byHand?.onTrial ?? true), deny: request.deny };
  return { ...(same ?? newTrial({ deployment, from, attempts: request.attempts })), phase: 'fell-back', byHand };
}

/** The order is right already. */
async function denyOnly({ files, clock, note }: RollbackDeps, deployment: string, wanted: boolean): Promise<void> {
  if (!wanted) return;
  const why = 'rolled back by hand';
  const denial = { deployment, since: new Date(clock.now()).toISOString(), why };
  const { before, after } = await updateState(files, (now) => deny(now, denial));
  if (after !== before) await note('denied', deployment, why);
}
