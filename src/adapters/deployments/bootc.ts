import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { Deployments } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { type Listed, makeDeployments, type Way } from './backend.ts';
import { BOOTC_STATUS, type BootcStatus, parseBootcStatus, rollbackLeadsTo } from './bootc-status.ts';
import { makeOstreeTool } from './ostree.ts';
import { CHANGE_TIMEOUT_MS, must, STATUS_TIMEOUT_MS } from './tool.ts';

/**
 * Deployments that bootc manages. Its command line is its interface; it cannot name a deployment, and cannot drop a
 * staged one without swapping two others. What it has no word for is done by `ostree admin`, which bootc brings along;
 * with bootc's composefs backend nothing else can do it, and it is refused.
 */
export function makeBootc(files: Files, processes: Processes): Deployments {
  const ostree = makeOstreeTool(processes);

  const list = async (signal: AbortSignal): Promise<readonly Listed[]> => {
    try {
      return (await bootcStatus(processes, signal)).entries;
    } catch (error) {
      if (!(error instanceof GoodbootError)) throw error;
      return ostree.list(signal).catch((second: unknown) => {
        throw new GoodbootError(error.code, `${error.message}; ${messageOf(second)}`, { cause: error });
      });
    }
  };
  const rollBack: Way = async (signal) => {
    await must(processes, ['bootc', 'rollback'], { timeoutMs: CHANGE_TIMEOUT_MS, signal });
  };

  return makeDeployments(files, {
    name: 'bootc',
    list,
    waysToDrop: () => [ostree.dropStaged],
    waysTo: (entries, id) => [
      ...(rollbackLeadsTo(entries) === id ? [rollBack] : []),
      (signal) => ostree.setDefault(id, signal),
    ],
  });
}

/** What bootc says of this system. @throws GoodbootError PROGRAM_… */
export async function bootcStatus(processes: Processes, signal: AbortSignal): Promise<BootcStatus> {
  return parseBootcStatus(await must(processes, BOOTC_STATUS, { timeoutMs: STATUS_TIMEOUT_MS, signal }));
}
