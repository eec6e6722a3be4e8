import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { Deployments } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { type Connection, connect } from '../dbus/connection.ts';
import { type Listed, makeDeployments, type Way } from './backend.ts';
import { makeOstreeTool } from './ostree.ts';
import { makeDaemon, type Patience } from './rpm-ostree-daemon.ts';
import { cleanupDropsStagedAlone, rollbackLeadsTo } from './rpm-ostree-status.ts';

const SYSTEM_BUS = 'unix:path=/run/dbus/system_bus_socket';
const PATIENCE: Patience = { busyMs: 30_000, transactionMs: 90_000 };

export interface RpmOstreeOptions {
  readonly files: Files;
  readonly processes: Processes;
  /** Default: the system bus. */
  readonly connectBus?: () => Promise<Connection>;
  readonly patience?: Patience;
}

/**
 * Deployments that rpm-ostree manages. Its daemon is asked first; where it cannot be reached, does not do it, or has no
 * word for what is wanted, `ostree admin` does it, which works on the same deployments and under the same lock.
 */
export function makeRpmOstree({ files, processes, connectBus, patience }: RpmOstreeOptions): Deployments {
  const daemon = makeDaemon(connectBus ?? (() => connect(SYSTEM_BUS, { hello: true })), patience ?? PATIENCE);
  const ostree = makeOstreeTool(processes);
  // One that did not answer once would cost its time again at every step.
  let isLost = false;

  const list = async (signal: AbortSignal): Promise<readonly Listed[]> => {
    if (isLost) return ostree.list(signal);
    try {
      return await daemon.list(signal);
    } catch (error) {
      if (!(error instanceof GoodbootError)) throw error;
      isLost = true;
      return ostree.list(signal).catch((second: unknown) => {
        throw new GoodbootError(error.code, `${error.message}; ${messageOf(second)}`, { cause: error });
      });
    }
  };
  const first = (way: Way, isRight: boolean): readonly Way[] => (isRight && !isLost ? [way] : []);

  return makeDeployments(files, {
    name: 'rpm-ostree',
    list,
    waysToDrop: (entries) => [...first(daemon.dropPending, cleanupDropsStagedAlone(entries)), ostree.dropStaged],
    waysTo: (entries, id) => [
      ...first(daemon.rollBack, rollbackLeadsTo(entries) === id),
      (signal) => ostree.setDefault(id, signal),
    ],
  });
}
