import { type ArmAction, decideArm, type NextDeployment } from '../core/arm.ts';
import { GoodbootError, messageOf } from '../core/errors.ts';
import type { TrialStep } from '../core/ledger.ts';
import { changeTrial, deniedIds, type NodeState, openTrial } from '../core/node-state.ts';
import { newTrial, type Trial } from '../core/trial.ts';
import type { BootLoader, BootLoaderState } from '../ports/boot-loader.ts';
import type { DeploymentActions, DeploymentEntry } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import type { Boot } from './boot.ts';
import { drillAttempts } from './drill/keep.ts';
import { loadState, updateState } from './state.ts';

export interface ArmDeps {
  readonly files: Files;
  readonly boot: Boot;
  readonly bootLoader: BootLoader;
  readonly deployments: DeploymentActions;
  /** What the boot loader's files say of the counting fragment, when it has not proved itself in this boot. */
  readonly fragment: () => Promise<'installed' | 'absent' | 'unknown'>;
  /** The boot loader can write its counter where it lies. */
  readonly canCount: () => Promise<boolean>;
  /** The boot loader is known to ask for a password before it starts a deployment that is not the default. */
  readonly needsPassword: (deployment: string) => Promise<boolean>;
  readonly note: (step: TrialStep, deployment: string, detail: string) => Promise<void>;
  /** Runs the required checks now and answers the names of those that fail; null when that could not be done. */
  readonly baseline: () => Promise<readonly string[] | null>;
}

const DROPPED: Readonly<Record<Extract<ArmAction, { kind: 'drop' }>['why'], string>> = {
  denied: 'it is denied on this node',
  'trial-is-open': 'another deployment is on trial',
  'rollback-waits': 'a rollback by hand waits for the reboot',
};

/**
 * An update appeared or went away: puts it on trial, takes the trial back, or refuses. The counter is set before the
 * baseline is run: the machine may go down at any moment, and a trial without a baseline is better than none.
 * @throws GoodbootError of the state, the boot loader or the backend; asked again at shutdown
 */
export async function arm(deps: ArmDeps, attempts: number, signal: AbortSignal): Promise<readonly ArmAction[]> {
  const actions = await look(deps, attempts, signal);
  for (const action of actions) await take(action, deps, signal);
  if (!actions.some(({ kind }) => kind === 'drop')) return actions;
  // What is next now may be an update too, or an open trial that is to go on.
  const after = await look(deps, attempts, signal);
  for (const action of after) await take(action, deps, signal);
  return [...actions, ...after];
}

async function look(deps: ArmDeps, attempts: number, signal: AbortSignal): Promise<readonly ArmAction[]> {
  const { files, boot, bootLoader, deployments } = deps;
  const state = await loadState(files);
  const [booted, entries, marks] = await Promise.all([
    deployments.booted(),
    deployments.list(signal),
    readMarks(bootLoader, state),
  ]);
  const seen = state.boots.at(-1);
  const isProven = seen?.bootId === boot.id && seen.proven;
  const next = nextOf(entries, state);
  const isUpdate = booted !== null && next !== null && next.id !== booted.id;
  return decideArm({
    booted: booted?.id ?? null,
    next,
    inMenu: entries.find(({ staged }) => !staged)?.id ?? null,
    trial: state.trial,
    counter: marks?.counter ?? null,
    success: marks?.success ?? null,
    denied: deniedIds(state, entries),
    chosen: state.chosen ?? null,
    fragment: isProven ? 'proven' : await deps.fragment(),
    canCount: marks !== null && (isProven || (await deps.canCount())),
    needsPassword: isUpdate && (await deps.needsPassword(booted.id)),
    attempts,
  });
}

/**
 * Null: there is no block, or none that can be read. Then nothing can be armed, which is said of the update, and what is
 * denied is dropped nevertheless. With a trial open, "no counter" would mean that it was marked good: that is not guessed.
 */
async function readMarks(bootLoader: BootLoader, { trial }: NodeState): Promise<BootLoaderState | null> {
  try {
    return await bootLoader.read(trial?.deployment);
  } catch (error) {
    if (error instanceof GoodbootError && trial === null) return null;
    throw error;
  }
}

function nextOf([first]: readonly DeploymentEntry[], { boots }: NodeState): NextDeployment | null {
  if (first === undefined) return null;
  const { id, staged } = first;
  return { id, staged, seen: boots.some(({ deployment }) => deployment === id) };
}

async function take(action: ArmAction, deps: ArmDeps, signal: AbortSignal): Promise<void> {
  const { files, deployments, bootLoader, note } = deps;
  const close = (deployment: string) => updateState(files, (state) => changeTrial(state, deployment, null));
  switch (action.kind) {
    case 'nothing':
      return;
    case 'close-good':
      await close(action.deployment);
      return note('ended-good', action.deployment, 'marked by hand');
    case 'withdraw':
      await bootLoader.apply({ counter: null });
      await close(action.deployment);
      return note('withdrawn', action.deployment, 'it is not the next to boot any more');
    case 'drop': {
      const booted = await deployments.booted();
      if (action.staged) await deployments.dropStaged(signal);
      else if (booted !== null) await deployments.makeDefault(booted.id, signal);
      return note('dropped', action.deployment, DROPPED[action.why]);
    }
    case 'refuse':
      return note('refused', action.deployment, action.why);
    case 'set-counter': {
      const why = await startCounting(bootLoader, action.value);
      if (why === null) return;
      await bootLoader.apply({ counter: null });
      await close(action.deployment);
      return note('refused', action.deployment, why);
    }
    case 'arm': {
      const { deployment, from } = action;
      const drilled = await drillAttempts(files, deployment);
      const attempts = await attemptsFor(bootLoader, drilled ?? action.attempts);
      if (typeof attempts === 'string') return note('refused', deployment, attempts);
      const trial: Trial = {
        ...newTrial({ deployment, from, attempts }),
        ...(drilled === null ? {} : { drill: true }),
      };
      const { after } = await updateState(files, (state) => openTrial(state, trial));
      // Somebody else armed in the same moment, and goes on with it.
      if (after.trial !== trial) return;
      const why = await startCounting(bootLoader, attempts);
      if (why !== null) {
        // A trial that nobody counts would look like one that was marked good.
        await close(deployment);
        return note('refused', deployment, why);
      }
      await note('armed', deployment, `${attempts} attempts, then back to ${from}`);
      return keepBaseline(deps, deployment);
    }
  }
}

/** The attempts that there will be, or why there are none. */
async function attemptsFor(bootLoader: BootLoader, wish: number): Promise<number | string> {
  try {
    return await bootLoader.attemptsFor(wish);
  } catch (error) {
    if (error instanceof GoodbootError) return messageOf(error);
    throw error;
  }
}

/** Null, or why the boot loader does not count. */
async function startCounting(bootLoader: BootLoader, counter: number): Promise<string | null> {
  try {
    await bootLoader.attemptsFor(counter);
    await bootLoader.apply({ counter, success: false });
    return null;
  } catch (error) {
    if (error instanceof GoodbootError) return messageOf(error);
    throw error;
  }
}

/** Into the trial that it belongs to: while the checks ran, another update may have taken its place. */
async function keepBaseline({ files, baseline }: ArmDeps, deployment: string): Promise<void> {
  const failing = await baseline();
  if (failing === null) return;
  await updateState(files, (state) => changeTrial(state, deployment, { baselineFailures: failing }));
}
