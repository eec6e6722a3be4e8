import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupsOf } from './cgroup.ts';
import { directoryOf } from './overlay.ts';

/** Exit status with which systemd-nspawn --keep-unit asks to be started again. */
export const REBOOT = 133;

const PODMAN_ARGS = [
  '--tmpfs=/var/lib/containers:mode=755', // overlay storage cannot sit on an overlay root
  '--tmpfs=/home:mode=755', // the same for users without privileges
  '--capability=all',
  '--drop-capability=CAP_SYS_MODULE', // with it systemd-modules-load tries, and fails
  '--system-call-filter=@keyring bpf',
];
/** Starts systemd-nspawn on the root of that machine, in the machine's own cgroups; the console goes to console.log. */
export async function spawnMachine(
  name: string,
  options: { readonly podman: boolean; readonly privateNetwork: boolean; readonly clock: boolean },
): Promise<ChildProcess> {
  const { podman, privateNetwork, clock } = options;
  const log = await open(join(directoryOf(name), 'console.log'), 'a');
  // Own cgroups first: systemd-nspawn would make its own at the top, shared by all machines.
  const enter = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs"; shift; done; shift; exec "$@"';
  const nspawn = [
    ...['systemd-nspawn', '--quiet', '--boot', '--register=no', '--keep-unit', '--console=pipe'],
    ...['--link-journal=no', '--resolv-conf=off', '--timezone=off', `--machine=${name}`, `--hostname=${name}`],
    `--directory=${join(directoryOf(name), 'root')}`,
    ...(privateNetwork ? ['--private-network'] : []),
    ...(podman ? PODMAN_ARGS : []),
    ...(clock ? ['--system-call-filter=adjtimex clock_adjtime'] : []),
  ];
  const child = spawn('sh', ['-euc', enter, 'sh', ...cgroupsOf(name), '--', ...nspawn], {
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...process.env,
      SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
      ...(podman ? { SYSTEMD_NSPAWN_API_VFS_WRITABLE: '1' } : {}), // container networks are set up in /proc/sys
    },
  });
  await log.close();
  return child;
}

/** The child of systemd-nspawn that is PID 1 of its own namespace, or 0. */
export async function leaderOf(nspawn: number): Promise<number> {
  const children = await readFile(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').catch(() => '');
  for (const pid of children.split(' ').filter(Boolean)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^NSpid:\t\d+.*\t1$/m.test(status)) return Number(pid);
  }
  return 0;
}
