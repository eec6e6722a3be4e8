import { type BeginAction, begin } from '../core/begin.ts';
import { GoodbootError } from '../core/errors.ts';
import type { TrialStep } from '../core/ledger.ts';
import {
  changeTrial,
  crashedElsewhere,
  crashesOf,
  deniedIds,
  type NodeState,
  openTrial,
  withBoot,
  withoutLoader,
} from '../core/node-state.ts';
import type { Trial } from '../core/trial.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { DeploymentActions, DeploymentEntry } from '../ports/deployments.ts';
import { type EvidenceDeps, keepEvidence } from './evidence.ts';
import { goBackStep } from './go-back.ts';
import { known, lookBack, noteBoot } from './look-back.ts';
import { loadState, updateState } from './state.ts';

/** Left behind by a clean shutdown, and taken away by the next boot. */
export const CLEAN_SHUTDOWN = '/var/lib/goodboot/clean-shutdown';

export interface BeginDeps extends EvidenceDeps {
  readonly bootLoader: BootLoader;
  readonly deployments: DeploymentActions;
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
 * @throws GoodbootError STATE_UNREADABLE, FILE_UNWRITABLE, GRUBENV_*, ROLLBACK_FAILED; the next boot tries again
 */
export async function beginBoot(deps: BeginDeps, policy: BeginPolicy): Promise<readonly BeginAction[]> {
  const { files, boot, bootLoader, deployments, clock } = deps;
  const before = await loadState(files);
  if (before.boots.at(-1)?.bootId === boot.id) {
    // Its userspace came up again (systemctl soft-reboot): the end of this boot is still to come.
    await files.remove(CLEAN_SHUTDOWN);
    return [];
  }
  // The boot is noted also where the boot loader's state cannot be read; what to do about a trial is not guessed then.
  const unread = (error: unknown) => (error instanceof GoodbootError ? error : Promise.reject(error));
  const [marks, booted] = await Promise.all([
    bootLoader.read(before.trial?.deployment).catch(unread),
    deployments.booted(),
  ]);
  const counter = marks instanceof GoodbootError ? null : marks.counter;
  const clean = (await files.info(CLEAN_SHUTDOWN)) !== null;
  const back = await lookBack(deps, before, { clean, counter });
  const { startedBy } = boot;
  const proven = marks instanceof GoodbootError ? null : await known(() => bootLoader.takeProof());
  const nowMs = clock.now();
  const seen = { bootId: boot.id, deployment: booted?.id ?? null, startedBy, proven: proven ?? false, timeMs: nowMs };
  const noted = await updateState(files, (now) => withBoot(now, seen, back.last ?? { ended: 'clean' }));
  // Another goodboot came first, and does all of this.
  if (noted.after === noted.before) return [];
  let state = noted.after;
  // After the boot is noted: a cut in between makes a crash of this boot look clean, and never the other way round.
  await files.remove(CLEAN_SHUTDOWN);

  if (marks instanceof GoodbootError) {
    await noteBoot(deps, back, { deployment: booted, bootLoader: bootLoader.name, attempt: null });
    throw marks;
  }
  const { reboots: limit, windowMs } = policy.crashLoop;
  const id = booted?.id ?? '';
  const count = crashesOf(state, id, { sinceMs: nowMs - windowMs, nowMs });
  const entries = state.trial !== null || count >= limit ? await inMenu(deployments, policy.signal) : null;
  const actions = begin({
    startedBy,
    booted: booted?.id ?? null,
    deployments: entries?.map((entry) => entry.id) ?? null,
    trial: state.trial,
    counter,
    denied: deniedIds(state, entries ?? []),
    ranBefore: state.boots.flatMap(({ deployment, ended }) => (ended === 'clean' && deployment ? [deployment] : [])),
    crashes: { count, limit, elsewhere: crashedElsewhere(state, id, limit) },
  });
  const attempt = actions.some(({ kind }) => kind === 'note-attempt') ? attemptOf(state.trial, counter) : null;
  await noteBoot(deps, back, { deployment: booted, bootLoader: bootLoader.name, attempt });
  try {
    for (const action of actions) if (action.kind !== 'reboot') state = await take(action, state, deps, policy);
  } finally {
    // Also when going back failed, and before it is forgotten which boots were spent.
    const trial = state.trial ?? noted.after.trial;
    const isOver = actions.some(({ kind }) => kind === 'close-good');
    if (trial !== null && !isOver) await keepEvidence(deps, { state, deployment: trial.deployment, back });
  }
  if (actions.some(({ kind }) => kind === 'reboot')) await deps.reboot();
  return actions;
}

/** Which boot of its trial this is, from 1; null: it was chosen by hand when none was left. */
const attemptOf = (trial: Trial | null, counter: number | null): number | null =>
  trial === null || counter === null || counter < 0 ? null : trial.attempts - counter;

/** Null: the backend did not say. */
async function inMenu(deployments: DeploymentActions, signal: AbortSignal): Promise<readonly DeploymentEntry[] | null> {
  try {
    return (await deployments.list(signal)).filter(({ staged }) => !staged);
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}

type Step = Exclude<BeginAction, { readonly kind: 'reboot' }>;

/** One step, durable before the next: the state is saved before what it announces is done, and noted after that. */
async function take(action: Step, state: NodeState, deps: BeginDeps, policy: BeginPolicy): Promise<NodeState> {
  const { files, note } = deps;
  const trial = state.trial;
  const keep = async (change: (now: NodeState) => NodeState) => (await updateState(files, change)).after;
  switch (action.kind) {
    case 'note-attempt': {
      if (trial === null) return state;
      const next = await keep((now) => changeTrial(now, trial.deployment, { counted: action.left }));
      await note('attempt', trial.deployment, `${action.left} attempts left`);
      return next;
    }
    case 'name-fallback':
      if (deps.bootLoader.can.mark) await deps.bootLoader.apply({ fallback: action.deployment });
      return state;
    case 'note-uncounted': {
      const next = await keep((now) => withoutLoader(now, deps.boot.id));
      await note('uncounted', trial?.deployment ?? '', 'the boot loader did not count this boot');
      return next;
    }
    case 'set-counter':
    case 'make-default':
    case 'end-by-hand':
      return goBackStep(action, state, deps, policy.signal);
    case 'withdraw':
    case 'close-good': {
      if (trial === null) return state;
      const next = await keep((now) => changeTrial(now, trial.deployment, null));
      const [step, why] =
        action.kind === 'withdraw' ? (['withdrawn', action.why] as const) : (['ended-good', 'marked before'] as const);
      await note(step, trial.deployment, why);
      return next;
    }
    case 'note-fallback': {
      if (trial === null) return state;
      const next = await keep((now) => changeTrial(now, trial.deployment, { phase: 'fell-back' }));
      await note('fell-back', trial.deployment, `after ${trial.attempts} attempts`);
      return next;
    }
    case 'note-crash-loop': {
      const next = await keep((now) => openTrial(now, action.trial));
      await note('crash-loop', action.trial.deployment, `back to ${action.trial.from}`);
      return next;
    }
  }
}
