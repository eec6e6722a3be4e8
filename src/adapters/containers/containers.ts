import type { Containers } from '../../ports/containers.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';

/** The container engines of this machine. An engine's client is loaded when its owner is first asked for. */
export const makeContainers = (processes: Processes, files: Files): Containers => ({
  async list(owner, signal) {
    if (owner.engine === 'docker') {
      const { listDocker } = await import('./docker.ts');
      return listDocker(files.resolve('/run/docker.sock'), signal);
    }
    const { listPodman } = await import('./podman.ts');
    return listPodman({ processes, files, user: owner.user, signal });
  },
});
