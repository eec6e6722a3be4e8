import { type BeginAction, begin } from '../core/begin.ts';
import { GoodbootError } from '../core/errors.ts';
import type { TrialStep } from '../core/ledger.ts';
import { crashesOf, deny, type NodeState, withBoot } from '../core/node-state.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { Clock } from '../ports/clock.ts';
import type { Deployments } from '../ports/deployments.ts';
import type { Files } from '../ports/files.ts';
import type { Boot } from './boot.ts';
import { makeDefault } from './make-default.ts';
import { loadState, saveState } from './state.ts';

/** Left behind by a clean shutdown, and taken away by the next boot. */
export const CLEAN_SHUTDOWN = '/var/lib/goodboot/clean-shutdown';

export interface BeginDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly boot: Boot;
  readonly bootLoader: BootLoader;
  readonly deployments: Deployments;
  /** Writes one step of a trial into the ledger and the journal; a record that cannot be kept changes nothing. */
  readonly note: (step: TrialStep, deployment: string, detail: string) => Promise<void>;
  readonly reboot: () => Promise<void>;
}

export interface BeginPolicy {
  readonly crashLoop: { readonly reboots: number; readonly windowMs: number };
  readonly signal: AbortSignal;
}

/**
 * The first thing of a boot: which deployment is this, does the boot belong to a trial, how did the last one end; and
 * what a power cut left unfinished is finished. Run twice in a boot, the second time does nothing.
 */
export async function beginBoot(deps: BeginDeps, policy: BeginPolicy): Promise<readonly BeginAction[]> {
  const { files, boot, bootLoader, deployments, clock } = deps;
  let state = await loadState(files);
  if (state.boots.at(-1)?.bootId === boot.id) return [];
  const [{ counter }, booted] = await Promise.all([bootLoader.read(), deployments.booted()]);
  const clean = (await files.info(CLEAN_SHUTDOWN)) !== null;
  const proven = await bootLoader.takeProof();
  const seen = {
    bootId: boot.id,
    deployment: booted?.id ?? null,
    startedBy: boot.startedBy,
    proven,
    timeMs: clock.now(),
  };
  state = withBoot(state, seen, clean ? 'clean' : 'unclean');

  const crashes = booted === null ? 0 : crashesOf(state, booted.id, clock.now() - policy.crashLoop.windowMs);
  const limit = policy.crashLoop.reboots;
  const isAsked = state.trial !== null || crashes >= limit;
  const actions = begin({
    startedBy: boot.startedBy,
    booted: booted?.id ?? null,
    deployments: isAsked ? await identities(deployments, policy.signal) : null,
    trial: state.trial,
    counter,
    denied: state.denied.map(({ deployment }) => deployment),
    crashes: { count: crashes, limit },
  });
  for (const action of actions) state = await take(action, state, deps, policy);
  await saveState(files, state);
  await files.remove(CLEAN_SHUTDOWN);
  if (actions.some(({ kind }) => kind === 'reboot')) await deps.reboot();
  return actions;
}

/** Null: the backend did not say. */
async function identities(deployments: Deployments, signal: AbortSignal): Promise<readonly string[] | null> {
  try {
    return (await deployments.list(signal)).filter(({ staged }) => !staged).map(({ id }) => id);
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}

/** One step, durable before the next: the state is saved before what it announces is done. */
async function take(action: BeginAction, state: NodeState, deps: BeginDeps, policy: BeginPolicy): Promise<NodeState> {
  const { files, bootLoader, note } = deps;
  const trial = state.trial;
  const keep = async (next: NodeState): Promise<NodeState> => {
    await saveState(files, next);
    return next;
  };
  switch (action.kind) {
    case 'note-attempt': {
      if (trial === null) return state;
      const next = await keep({ ...state, trial: { ...trial, counted: action.left } });
      await note('attempt', trial.deployment, `${action.left} attempts left`);
      return next;
    }
    case 'note-uncounted': {
      const boots = state.boots.map((boot, at) =>
        at === state.boots.length - 1 ? { ...boot, startedBy: 'kexec' as const } : boot,
      );
      const next = await keep({ ...state, boots });
      await note('uncounted', trial?.deployment ?? '', 'the boot loader did not count this boot');
      return next;
    }
    case 'set-counter':
      await bootLoader.apply(action.value === null ? { counter: null } : { counter: action.value, success: false });
      return state;
    case 'withdraw':
    case 'close-good': {
      const next = await keep({ ...state, trial: null });
      const [step, why] =
        action.kind === 'withdraw' ? (['withdrawn', action.why] as const) : (['ended-good', 'marked before'] as const);
      await note(step, trial?.deployment ?? '', why);
      return next;
    }
    case 'note-fallback': {
      if (trial === null) return state;
      const next = await keep({ ...state, trial: { ...trial, phase: 'fell-back' } });
      await note('fell-back', trial.deployment, `after ${trial.attempts} attempts`);
      return next;
    }
    case 'make-default':
      await makeDefault(deps, action.deployment, policy.signal);
      return state;
    case 'deny': {
      const since = new Date(deps.clock.now()).toISOString();
      const next = await keep(deny(state, { deployment: action.deployment, since, why: action.why }));
      await note('denied', action.deployment, action.why);
      return next;
    }
    case 'reboot':
      return state;
  }
}
