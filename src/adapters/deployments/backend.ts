import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { DeploymentEntry, Deployments } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import { readBooted } from './booted.ts';

/** A deployment with the stateroot that it belongs to: tools that roll back look at one stateroot only. */
export interface Listed extends DeploymentEntry {
  readonly stateroot: string;
}

/** One way to bring a change about. It may fail or lie: what counts is the list afterwards. */
export type Way = (signal: AbortSignal) => Promise<void>;

/** What the backends differ in. Ways are tried in order, each only when the one before did not do it. */
export interface Backend {
  readonly name: Exclude<Deployments['name'], 'none'>;
  list(signal: AbortSignal): Promise<readonly Listed[]>;
  /** Ways to take the staged deployment away. */
  waysToDrop(entries: readonly Listed[]): readonly Way[];
  /** Ways to make a deployment the default; none is staged then. Only those that would do just that. */
  waysTo(entries: readonly Listed[], id: string): readonly Way[];
}

interface Change {
  readonly what: string;
  readonly ways: readonly Way[];
  readonly isDone: (entries: readonly Listed[]) => boolean;
}

/** The port over a backend: whatever a tool says of its success, the list is read again and decides. */
export function makeDeployments(files: Files, backend: Backend): Deployments {
  const { name } = backend;

  const change = async ({ what, ways, isDone }: Change, signal: AbortSignal): Promise<void> => {
    const reasons: string[] = [];
    for (const way of ways) {
      const error = await way(signal).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (error !== null && !(error instanceof GoodbootError)) throw error;
      // No time is left to look.
      if (error !== null && signal.aborted) throw error;
      if (isDone(await backend.list(signal))) return;
      // Whoever holds the lock would be in the way of the other ways too.
      if (error?.code === 'DEPLOYMENT_BUSY') throw error;
      reasons.push(error === null ? `${name} reported success, and it is not so` : messageOf(error));
    }
    throw new GoodbootError('ROLLBACK_FAILED', `${what}: ${reasons.join('; ') || `${name} has no way to do it`}`);
  };

  const dropStaged = async (signal: AbortSignal): Promise<void> => {
    const entries = await backend.list(signal);
    if (!entries.some(({ staged }) => staged)) return;
    await change(
      {
        what: 'the staged deployment is still there',
        ways: backend.waysToDrop(entries),
        isDone: (after) => !after.some(({ staged }) => staged),
      },
      signal,
    );
  };

  return {
    name,
    can: { rollBack: true },
    booted: () => readBooted(files),
    list: (signal) => backend.list(signal),
    dropStaged,
    async makeDefault(id, signal) {
      const known = (await backend.list(signal)).filter((entry) => entry.id === id);
      if (known.length === 0) throw new GoodbootError('DEPLOYMENT_UNKNOWN', `${id}: ${name} has no such deployment`);
      if (known.every(({ staged }) => staged)) return;
      await dropStaged(signal);
      const entries = await backend.list(signal);
      const isDone = ([first]: readonly Listed[]) => first?.id === id;
      if (isDone(entries)) return;
      await change({ what: `${id} is not the default`, ways: backend.waysTo(entries, id), isDone }, signal);
    },
  };
}

/** What two backends have in common: the entries of the stateroot that is booted, and where in them the booted one is. */
export function bootedStateroot(entries: readonly Listed[]): { readonly same: readonly Listed[]; readonly at: number } {
  const booted = entries.find((entry) => entry.booted);
  const same = entries.filter(({ stateroot }) => stateroot === booted?.stateroot);
  return { same, at: same.findIndex((entry) => entry.booted) };
}
