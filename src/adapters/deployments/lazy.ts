import type { DeploymentActions, Deployments } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { readBooted } from './booted.ts';

/**
 * The deployments of this machine. What is booted is read at once; what manages them is found out, and its code loaded,
 * when that is first asked for: most boots never ask, and bootc may take long to answer.
 */
export function lazyDeployments(files: Files, processes: Processes): DeploymentActions {
  let found: Promise<Deployments> | null = null;
  const manager = () => {
    found ??= import('./detect.ts').then(({ detectDeployments }) => detectDeployments({ files, processes }));
    return found;
  };
  return {
    booted: () => readBooted(files),
    list: async (signal) => (await manager()).list(signal),
    makeDefault: async (id, signal) => (await manager()).makeDefault(id, signal),
    dropStaged: async (signal) => (await manager()).dropStaged(signal),
  };
}
