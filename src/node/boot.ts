import type { StartedBy } from '../core/trial.ts';
import type { Files } from '../ports/files.ts';

/** The boot that is running. */
export interface Boot {
  /** 32 hex digits, as journald writes it. */
  readonly id: string;
  readonly kernel: string;
  readonly startedBy: StartedBy;
}

/** Words on the kernel command line of systems that run from memory or from a medium, and keep nothing. */
const LIVE = ['coreos.liveiso', 'rd.live.image', 'boot=live'];

/**
 * What runs now. `trusted` means that the operator named the boot loader: then a container counts as started by it
 * (that is how a boot loader is tried out without a machine).
 */
export async function readBoot(files: Files, options: { readonly trusted: boolean }): Promise<Boot> {
  const id = (await files.readText('/proc/sys/kernel/random/boot_id'))?.trim().replaceAll('-', '') ?? '';
  const kernel = (await files.readText('/proc/sys/kernel/osrelease'))?.trim() ?? '';
  return { id, kernel, startedBy: options.trusted ? 'boot-loader' : await startedBy(files) };
}

async function startedBy(files: Files): Promise<StartedBy> {
  // systemd leaves the name of the container manager there (os-release and sd_booted live by the same rule).
  if ((await files.info('/run/systemd/container')) !== null) return 'container';
  if ((await files.info('/run/ostree-live')) !== null) return 'live';
  const words = ((await files.readText('/proc/cmdline')) ?? '').split(/\s+/);
  return LIVE.some((live) => words.some((word) => word === live || word.startsWith(`${live}=`)))
    ? 'live'
    : 'boot-loader';
}
