import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureRootfs } from '../../lab/rootfs.ts';
import { must } from '../../lab/run.ts';
import { cached, keyOf } from './cache.ts';

const SUITE = 'trixie';

/** What makes and runs the machines. Not this host's packages: older QEMUs crash newer kernels. */
const TOOLS =
  'e2fsprogs fdisk cpio gzip kmod grub-common grub-pc-bin ostree ostree-boot qemu-system-x86 qemu-utils systemd util-linux xz-utils';

/** Fills a directory with a Debian of these packages. The mirror is the one that the container lab uses. */
export async function makeDebian(into: string, packages: string, options: readonly string[] = []): Promise<void> {
  const source = (await readFile(join(await ensureRootfs(SUITE), 'etc/apt/sources.list'), 'utf8')).trim();
  const include = `--include=${packages.split(' ').join(',')}`;
  await must(['mmdebstrap', '--variant=minbase', include, ...options, SUITE, into, source], { timeoutMs: 600_000 });
}

/** The path of the Debian whose programs make and run the machines. */
export const ensureTools = (): Promise<string> =>
  cached('tools', keyOf(SUITE, TOOLS), (into) => makeDebian(into, TOOLS));

/**
 * The arguments that run a program of the tools: their /usr in the place of this host's, all else as it is here. It
 * is one process, and dies with the one that started it.
 */
export const withTools = (tools: string, argv: readonly string[]): readonly string[] => [
  ...['unshare', '--mount', 'sh', '-euc', 'mount --bind "$0/usr" /usr; exec setpriv --pdeathsig KILL -- "$@"'],
  tools,
  ...argv,
];
