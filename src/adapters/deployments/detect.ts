import { GoodbootError } from '../../core/errors.ts';
import type { Deployments } from '../../ports/deployments.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { bootcStatus, makeBootc } from './bootc.ts';
import { readBooted } from './booted.ts';
import { noDeployments, unknownDeployments } from './none.ts';
import { makeOstree } from './ostree.ts';
import { makeRpmOstree } from './rpm-ostree.ts';

/** Either is enough: the program may be hidden from people, and the daemon is started by its name. */
const RPM_OSTREE = [
  '/usr/bin/rpm-ostree',
  '/usr/share/dbus-1/system-services/org.projectatomic.rpmostree1.service',
] as const;
const BOOTC = ['/usr/bin/bootc'] as const;
const OSTREE = ['/usr/bin/ostree'] as const;
/** bootc may have to wait for the lock of an update. */
const STATUS_TIMEOUT_MS = 30_000;

export interface Machine {
  readonly files: Files;
  readonly processes: Processes;
}

/**
 * Finds out what manages the deployments of this machine. rpm-ostree comes first wherever it is installed: it manages
 * what bootc deployed too, and it alone what was layered on that; so a bootc that fails hides nothing. `ostree admin`
 * stands in for a bootc that does not answer. Where it cannot be told, each call of the port fails with the reason.
 */
export async function detectDeployments({ files, processes }: Machine): Promise<Deployments> {
  const booted = () => readBooted(files);
  try {
    if ((await booted()) === null) return noDeployments;
    if (files.resolve('/') === '/') return await manager(files, processes);
    throw new GoodbootError('PROGRAM_FAILED', `${files.resolve('/')}: programs would answer for the running system`);
  } catch (error) {
    if (error instanceof GoodbootError) return unknownDeployments(booted, error);
    throw error;
  }
}

async function manager(files: Files, processes: Processes): Promise<Deployments> {
  const has = async (paths: readonly string[]): Promise<boolean> => {
    for (const path of paths) if ((await files.info(path)) !== null) return true;
    return false;
  };
  if (await has(RPM_OSTREE)) return makeRpmOstree({ files, processes });
  let trouble = new GoodbootError('PROGRAM_MISSING', 'neither rpm-ostree nor ostree is there, nor a bootc in charge');
  if (await has(BOOTC)) {
    try {
      const { isBootcHost } = await bootcStatus(processes, AbortSignal.timeout(STATUS_TIMEOUT_MS));
      if (isBootcHost) return makeBootc(files, processes);
    } catch (error) {
      if (!(error instanceof GoodbootError)) throw error;
      trouble = error;
    }
  }
  if (await has(OSTREE)) return makeOstree(files, processes);
  throw trouble;
}
