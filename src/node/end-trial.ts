import type { Action } from '../core/decide.ts';
import { GoodbootError } from '../core/errors.ts';
import type { TrialStep } from '../core/ledger.ts';
import { changeTrial, deny } from '../core/node-state.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeploymentActions } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import { updateState } from './state.ts';

export interface TrialEffectsDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly bootLoader: BootLoader;
  readonly deployments: DeploymentActions;
  readonly note: (step: TrialStep, deployment: string, detail: string) => Promise<void>;
}

/** What a verdict may do to the trial of this node. Each step is durable when it resolves, and may be done again. */
export interface TrialEffects {
  /**
   * goodboot-begin makes the fallback the default, and tries it again at the next boot; here it is only looked at.
   * @throws GoodbootError ROLLBACK_FAILED, or what the backend or the boot loader refused
   */
  ensureDefault(deployment: string): Promise<void>;
  deny(deployment: string, why: string): Promise<void>;
  end(result: Extract<Action, { kind: 'end-trial' }>['result']): Promise<void>;
}

const STEP = {
  good: 'ended-good',
  'rolled-back': 'ended-bad',
  environment: 'environment',
  drilled: 'drilled',
} as const;
const LIST_TIMEOUT_MS = 60_000;

export function makeTrialEffects({ files, clock, bootLoader, deployments, note }: TrialEffectsDeps): TrialEffects {
  return {
    async ensureDefault(deployment) {
      const [next] = await deployments.list(AbortSignal.timeout(LIST_TIMEOUT_MS));
      if (next?.id !== deployment) throw new GoodbootError('ROLLBACK_FAILED', `${deployment}: not the default yet`);
      // A person may have done it, after goodboot-begin could not: the -1 that it left would lead away from here.
      if (bootLoader.can.mark) await bootLoader.apply({ counter: null });
    },
    async deny(deployment, why) {
      const image = await imageOf(deployments, deployment);
      const since = new Date(clock.now()).toISOString();
      await updateState(files, (state) =>
        deny(state, { deployment, ...(image === null ? {} : { image }), since, why }),
      );
      await note('denied', deployment, why);
    },
    async end(result) {
      const { before } = await updateState(files, (state) => changeTrial(state, state.trial?.deployment ?? '', null));
      if (before.trial !== null) await note(STEP[result], before.trial.deployment, result);
    },
  };
}

/** The digest of the image that a deployment is; null: it is none, has something on top, or the backend cannot tell. */
async function imageOf(deployments: DeploymentActions, id: string): Promise<string | null> {
  try {
    const entries = await deployments.list(AbortSignal.timeout(LIST_TIMEOUT_MS));
    const entry = entries.find((each) => each.id === id);
    return entry === undefined || entry.layered ? null : entry.imageDigest;
  } catch (error) {
    // It is denied all the same, by what it is booted with.
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}
