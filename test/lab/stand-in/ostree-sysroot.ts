import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeOstree } from '../../../src/adapters/deployments/ostree.ts';
import { makeFiles } from '../../../src/adapters/files/files.ts';
import { makeProcesses } from '../../../src/adapters/process/run.ts';
import type { Processes } from '../../../src/ports/processes.ts';
import { cached, keyOf } from '../../vm/lab/cache.ts';
import { ensureRootfs, type Suite } from '../rootfs.ts';
import { must } from '../run.ts';
import type { Layout } from './layout.ts';
import type { Subject } from './subject.ts';

/** ostree 2025.2 (trixie) and 2022.7 (bookworm), whichever Debian this is. Only unpacked; coreutils for `true` and `cat`. */
const PACKAGES = 'ostree,coreutils';
const STATEROOT = 'fedora';
const VERSIONS = [0, 1, 2, 3];
/** A tmpfs: ostree freezes the file system of /boot for a moment, which must not be this machine's. */
const TMPFS = '/dev/shm';
const TOP_LEVEL = ['bin', 'lib', 'lib64', 'sbin'];

/** The path of a directory that holds that Debian's ostree with all that it needs in `usr`, and a `sysroot` of commits. */
const ensureOstree = async (suite: Suite): Promise<string> =>
  cached(`ostree-${suite}`, keyOf(suite, await readFile(import.meta.filename)), async (into) => {
    const source = (await readFile(join(await ensureRootfs(suite), 'etc/apt/sources.list'), 'utf8')).trim();
    const include = `--include=${PACKAGES}`;
    await must(['mmdebstrap', '--variant=extract', include, suite, into, source], { timeoutMs: 300_000 });
    for (const name of TOP_LEVEL) {
      if (existsSync(join(into, name))) await must(['cp', '-a', `${into}/${name}/.`, `${into}/usr/${name}`]);
      await rm(join(into, name), { recursive: true, force: true });
      await symlink(`usr/${name}`, join(into, name));
    }
    // What ostree asks for a unit that writes staged deployments at shutdown.
    await symlink('true', join(into, 'usr/bin/systemctl'));
    await makeSysroot(await ostreeOf(into), join(into, 'sysroot'));
  });

/**
 * Runs a program as if DEPLOYMENT were booted, in namespaces of its own that end with it: libostree takes the deployment
 * that is `/` for the booted one. DEPLOYMENT's /usr is that of the programs.
 */
const AS_BOOTED = `
mount --bind "$DEPLOYMENT" "$DEPLOYMENT"
mount --bind "$SYSROOT" "$DEPLOYMENT/sysroot"
mount --bind "$SYSROOT/boot" "$DEPLOYMENT/boot"
mount --bind "$SYSROOT/run" "$DEPLOYMENT/run"
mount --bind "$PROGRAMS/usr" "$DEPLOYMENT/usr"
mount -t proc proc "$DEPLOYMENT/proc"
mount -t tmpfs tmpfs "$DEPLOYMENT/dev"
mknod "$DEPLOYMENT/dev/null" c 1 3
exec chroot "$DEPLOYMENT" "$@"`;
const NAMESPACES = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation=private'] as const;

/** A real sysroot with real deployments; nothing of it is a stand-in but the boot. */
export interface OstreeSysroot extends Subject {
  readonly processes: Processes;
  /** Of the physical root. */
  readonly path: string;
}

/** Runs ostree outside of its sysroot. */
type Ostree = (...args: readonly string[]) => Promise<string>;

async function ostreeOf(programs: string): Promise<Ostree> {
  const loaders = await readdir(join(programs, 'usr/lib64'));
  const loader = join(programs, 'usr/lib64', loaders.find((name) => name.startsWith('ld-linux'))!);
  const [triplet] = (await readdir(join(programs, 'usr/lib'))).filter((name) => name.endsWith('-linux-gnu'));
  const argv = [loader, '--library-path', join(programs, 'usr/lib', triplet!), join(programs, 'usr/bin/ostree')];
  return (...args) => must([...argv, ...args], { env: { OSTREE_SYSROOT_DEBUG: 'mutable-deployments' } });
}

/** A sysroot with a commit for every version, and no deployment. */
async function makeSysroot(ostree: Ostree, sysroot: string): Promise<void> {
  await mkdir(sysroot);
  await ostree('admin', `--sysroot=${sysroot}`, 'init-fs', sysroot);
  await ostree('admin', `--sysroot=${sysroot}`, 'os-init', STATEROOT);
  const tree = `${sysroot}.tree`;
  for (const path of ['usr/lib/modules/6.1', 'usr/etc', 'sysroot', 'boot', 'run', 'proc', 'dev', 'var', 'tmp']) {
    await mkdir(join(tree, path), { recursive: true });
  }
  for (const name of TOP_LEVEL) await symlink(`usr/${name}`, join(tree, name));
  await symlink('sysroot/ostree', join(tree, 'ostree'));
  // The same kernel in all: then a boot entry's link is no identity either.
  await writeFile(join(tree, 'usr/lib/modules/6.1/vmlinuz'), 'kernel');
  await writeFile(join(tree, 'usr/lib/modules/6.1/initramfs.img'), 'initramfs');
  for (const n of VERSIONS) {
    await writeFile(join(tree, 'usr/lib/os-release'), `ID=fedora\nPRETTY_NAME="Fedora ${n}"\nVERSION_ID=1.${n}\n`);
    const commit = ['commit', '--owner-uid=0', '--owner-gid=0', `--add-metadata-string=version=1.${n}`];
    await ostree(`--repo=${sysroot}/ostree/repo`, ...commit, '-b', `v${n}`, `--tree=dir=${tree}`);
  }
  await rm(tree, { recursive: true });
}

/** A machine that ostree of that Debian manages. */
export async function makeOstreeSysroot(suite: Suite, places: Layout): Promise<OstreeSysroot> {
  const programs = await ensureOstree(suite);
  const ostree = await ostreeOf(programs);
  const directory = await mkdtemp(join(TMPFS, 'goodboot-ostree-'));
  const path = join(directory, 'root');
  await must(['cp', '-a', join(programs, 'sysroot'), path]);
  const ids = new Map<number, string>();
  for (const n of VERSIONS) ids.set(n, (await readFile(join(path, `ostree/repo/refs/heads/v${n}`), 'utf8')).trim());
  const idOf = (n: number): string => ids.get(n)!;
  for (const { n, staged } of places.toReversed()) {
    if (!staged) await ostree('admin', `--sysroot=${path}`, 'deploy', '--retain', `--os=${STATEROOT}`, `v${n}`);
  }

  const booted = places.find((place) => place.booted)!;
  const deployment = join(path, `ostree/deploy/${STATEROOT}/deploy/${idOf(booted.n)}.0`);
  await writeFile(join(path, 'run/ostree-booted'), '');
  const env = { DEPLOYMENT: deployment, SYSROOT: path, PROGRAMS: programs };
  const inside = (argv: readonly string[]) => [...NAMESPACES, 'sh', '-euc', AS_BOOTED, 'sh', ...argv] as const;
  const real = makeProcesses();
  const processes: Processes = { run: (argv, options) => real.run(inside(argv), { ...options, env }) };
  const run = (...argv: readonly string[]) => must(inside(argv), { env });
  for (const { n, staged } of places) if (staged) await run('ostree', 'admin', 'deploy', '--stage', `v${n}`);
  for (const [index, { pinned }] of places.entries()) if (pinned) await run('ostree', 'admin', 'pin', String(index));
  // What the kernel says in there, for whoever looks from outside.
  await mkdir(join(path, 'proc/self'), { recursive: true });
  await writeFile(join(path, 'proc/self/mountinfo'), await run('cat', '/proc/self/mountinfo'));

  return {
    deployments: makeOstree(makeFiles(path), processes),
    processes,
    path,
    idOf,
    seen: async () => {
      const versions = (await bootMenu(path)).map((id) => VERSIONS.find((n) => idOf(n) === id));
      const isStaged = existsSync(join(path, 'run/ostree/staged-deployment'));
      const staged = isStaged ? `${places.find((place) => place.staged)!.n}s ` : '';
      return `${staged}${versions.join(' ')}`;
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** The commits in the order of the boot menu: the entry with the highest number is the default. */
async function bootMenu(sysroot: string): Promise<readonly string[]> {
  const entries = join(sysroot, 'boot/loader/entries');
  const names = (await readdir(entries)).toSorted((a, b) => Number(/\d+/.exec(b)) - Number(/\d+/.exec(a)));
  const texts = await Promise.all(names.map((name) => readFile(join(entries, name), 'utf8')));
  const links = texts.map((text) => /\bostree=(\S+)/.exec(text)![1]!);
  return Promise.all(links.map(async (link) => basename(await readlink(join(sysroot, link))).slice(0, 64)));
}
