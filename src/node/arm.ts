import { type ArmAction, decideArm } from '../core/arm.ts';
import type { TrialStep } from '../core/ledger.ts';
import type { Trial } from '../core/trial.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { Deployments } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import { loadState, saveState } from './state.ts';

export interface ArmDeps {
  readonly files: Files;
  readonly bootLoader: BootLoader;
  readonly deployments: Deployments;
  /** What the boot loader's files say of the counting fragment, when it has not proved itself in this boot. */
  readonly fragment: () => Promise<'installed' | 'absent' | 'unknown'>;
  /** The boot loader can write its counter where it lies. */
  readonly canCount: () => Promise<boolean>;
  readonly note: (step: TrialStep, deployment: string, detail: string) => Promise<void>;
  /** Runs the required checks now and answers the names of those that fail; null when that could not be done. */
  readonly baseline: () => Promise<readonly string[] | null>;
}

/**
 * An update appeared or went away: puts it on trial, takes the trial back, or refuses. The counter is set before the
 * baseline is run: the machine may go down at any moment, and a trial without a baseline is better than none.
 */
export async function arm(deps: ArmDeps, attempts: number, signal: AbortSignal): Promise<readonly ArmAction[]> {
  const { files, deployments, bootLoader, note } = deps;
  const state = await loadState(files);
  const [booted, entries] = await Promise.all([deployments.booted(), deployments.list(signal)]);
  const proven = state.boots.at(-1)?.proven === true;
  const actions = decideArm({
    booted: booted?.id ?? null,
    next: entries[0]?.id ?? null,
    trial: state.trial,
    denied: state.denied.map(({ deployment }) => deployment),
    fragment: proven ? 'proven' : await deps.fragment(),
    canCount: proven || (await deps.canCount()),
    attempts,
  });
  for (const action of actions) {
    switch (action.kind) {
      case 'nothing':
        break;
      case 'withdraw':
        await bootLoader.apply({ counter: null });
        await saveState(files, { ...(await loadState(files)), trial: null });
        await note('withdrawn', action.deployment, 'it is not the next to boot any more');
        break;
      case 'drop':
        await deployments.dropStaged(signal);
        if (booted !== null) await deployments.makeDefault(booted.id, signal);
        await note('dropped', action.deployment, 'it is denied on this node');
        break;
      case 'refuse':
        await note('refused', action.deployment, action.why);
        break;
      case 'arm': {
        const { deployment, from } = action;
        const trial: Trial = {
          deployment,
          from,
          attempts,
          counted: attempts,
          phase: 'armed',
          baselineFailures: null,
          trialFailures: [],
        };
        await saveState(files, { ...(await loadState(files)), trial });
        await bootLoader.apply({ counter: attempts, success: false });
        await note('armed', deployment, `${attempts} attempts, then back to ${from}`);
        await keepBaseline(deps, deployment);
        break;
      }
    }
  }
  return actions;
}

/** Into the trial that it belongs to: while the checks ran, another update may have taken its place. */
async function keepBaseline({ files, baseline }: ArmDeps, deployment: string): Promise<void> {
  const failing = await baseline();
  const state = await loadState(files);
  if (failing === null || state.trial?.deployment !== deployment) return;
  await saveState(files, { ...state, trial: { ...state.trial, baselineFailures: failing } });
}
