import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { must, withLock } from './run.ts';

/** Debian 13 (systemd 257) and 12 (systemd 252, the oldest that is looked after). */
export type Suite = 'trixie' | 'bookworm';

// Not systemd-container: its var-lib-machines.mount makes every boot a second longer.
const BASE =
  'systemd systemd-sysv dbus libatomic1 libstdc++6 nftables iproute2 busybox-static curl ca-certificates attr ' +
  'util-linux kmod grub-common openssl';
const PACKAGES: Readonly<Record<Suite, string>> = {
  trixie: `${BASE} podman crun netavark aardvark-dns uidmap passt slirp4netns fuse-overlayfs libpam-systemd dbus-user-session passwd`,
  bookworm: BASE,
};

/** Where what is slow to make is kept between runs. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'goodboot');

/** The Debian mirror that apt on this machine uses; GOODBOOT_LAB_MIRROR wins. */
async function mirror(): Promise<string> {
  const given = process.env['GOODBOOT_LAB_MIRROR'];
  if (given) return given;
  const sites = await must([
    'apt-get',
    'indextargets',
    '--format',
    '$(SITE)',
    'Created-By: Packages',
    'Component: main',
  ]);
  const debian = sites.split('\n').find((site) => /\/debian\/?$/.test(site));
  if (!debian) throw new Error('apt has no Debian mirror configured: set GOODBOOT_LAB_MIRROR');
  return debian;
}

/** The path of a root file system of that suite, made by mmdebstrap on first use. Read only, shared by all machines. */
export async function ensureRootfs(suite: Suite): Promise<string> {
  const packages = PACKAGES[suite].split(' ');
  const key = createHash('sha256').update(packages.toSorted().join(' ')).digest('hex').slice(0, 12);
  const root = join(CACHE, `rootfs-${suite}-${key}`);
  return withLock(`${root}.lock`, async () => {
    if (await stat(root).catch(() => null)) return root;
    process.stderr.write(`making ${root} (once, about 40 s)\n`);
    const making = await mkdtemp(`${root}.new-`);
    try {
      const made = join(making, 'root');
      const source = `deb ${await mirror()} ${suite} main`;
      await must(['mmdebstrap', '--variant=minbase', `--include=${packages.join(',')}`, suite, made, source], {
        timeoutMs: 600_000,
      });
      await rename(made, root);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
    return root;
  });
}
