import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { installedLayer } from '../../lab/layer.ts';
import { must } from '../../lab/run.ts';
import { cached, contentsOf, keyOf } from './cache.ts';
import { ensureTools, makeDebian, withTools } from './debian.ts';
import { DISK_BYTES, DISKS, STATEROOT } from './layout.ts';
import { makeFirstBoot, provision, sourcesOfProvision } from './provisioned.ts';
import { QUICK } from './quick.ts';
import { FIRMWARE, makeEsp } from './systemd-boot.ts';

const HERE = import.meta.dirname;
/** What a machine with systemd-boot has besides. */
const ESP_TREE = join(HERE, 'esp');
const STEP_TIMEOUT_MS = 120_000;

/** What is on the nodes' root, but for goodboot. */
const PACKAGES =
  'systemd systemd-sysv dbus udev kmod ostree ostree-boot grub-common linux-image-cloud-amd64 busybox-static util-linux ' +
  'e2fsprogs iproute2 login passwd mount procps libatomic1 libstdc++6 podman crun';

const MMDEBSTRAP_OPTIONS = [
  ...['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*'].map((path) => `--dpkgopt=path-exclude=${path}`),
  '--dpkgopt=path-exclude=/etc/kernel/postinst.d/initramfs-tools', // the lab has an initial file system of its own
];

/** In GRUB's core image; on the disk is only what boots Linux. */
const GRUB_MODULES =
  'biosdisk ext2 search search_label search_fs_uuid normal configfile loadenv test regexp echo serial terminal ' +
  'reboot halt sleep true minicmd ls cat';
/** No number of a disk or a partition is in there. */
const GRUB_START = 'search --label boot --set root\nset prefix=($root)/grub2\n';
const GRUB_DIRECTORY = 'usr/lib/grub/i386-pc';

/** Quiet, quick, and without the clocks that an emulated processor gets wrong. A panic ends in a reset. */
const KERNEL_ARGUMENTS =
  'root=/dev/vdc rw console=ttyS0 quiet loglevel=4 systemd.show_status=0 mitigations=off random.trust_cpu=on no_timer_check ' +
  'tsc=unstable clocksource=acpi_pm nokaslr audit=0 lsm=capability panic=1';

/**
 * How a machine boots: GRUB with its environment block on an ext4 /boot, started by a BIOS; or systemd-boot, with its
 * entries on an EFI system partition, started by UEFI. `provisioned`: the first of them, with nothing of the project in
 * its image; Ignition has brought it.
 */
export type ImageKind = 'grub-bios' | 'systemd-boot' | 'provisioned';

/** With systemd-boot, systemd-bless-boot and its generator are on the root too. */
const EXTRA: Readonly<Record<ImageKind, string>> = {
  'grub-bios': '',
  'systemd-boot': ' systemd-boot',
  provisioned: '',
};

const NAMES: Readonly<Record<ImageKind, string>> = {
  'grub-bios': 'image',
  'systemd-boot': 'image-efi',
  provisioned: 'image-provisioned',
};

/** The path of the disks (raw, sparse) with one deployment of the project. Not to be written: machines have copies. */
export async function ensureImage(kind: ImageKind = 'grub-bios', layer?: string): Promise<string> {
  const project = layer ?? (await installedLayer());
  const tools = await ensureTools();
  const tree = await ensureTree(tools, kind);
  const sources = await Promise.all(['image.ts', 'layout.ts'].map((name) => readFile(join(HERE, name), 'utf8')));
  const isEfi = kind === 'systemd-boot';
  if (isEfi) sources.push(await readFile(join(HERE, 'systemd-boot.ts'), 'utf8'), await contentsOf(ESP_TREE));
  const isProvisioned = kind === 'provisioned';
  if (isProvisioned) sources.push(...(await sourcesOfProvision()));
  const key = keyOf(kind, basename(project), basename(tree), ...sources);
  return cached(NAMES[kind], key, async (making) => {
    const step = (argv: readonly string[], input = '') =>
      must(withTools(tools, argv), {
        input,
        timeoutMs: STEP_TIMEOUT_MS,
        env: { OSTREE_SYSROOT_DEBUG: 'mutable-deployments' },
      });
    await (isProvisioned
      ? makeFirstBoot(join(making, 'project'))
      : makeProject(step, project, join(making, 'project')));
    const layers = [join(tree, 'root'), join(making, 'project')];
    if (isEfi) layers.push(join(making, 'efi-tree'));
    if (isEfi) await makeEspTree(join(making, 'efi-tree'));
    await makeSysroot(step, making, layers);
    await (isEfi ? makeEsp(making) : makeGrub(step, making, tools));
    if (isProvisioned) await provision(join(making, 'root'), join(making, 'boot'), QUICK);
    await makeDisks(step, making);
    if (!isEfi) await makeGrubDisk(making);
    const kept: readonly string[] = isEfi ? [...DISKS, ...FIRMWARE] : DISKS;
    for (const name of await readdir(making)) {
      if (!kept.includes(name)) await rm(join(making, name), { recursive: true });
    }
  });
}

type Step = (argv: readonly string[], input?: string) => Promise<string>;

/** The base tree, in the shape that OSTree deploys. Made anew only when Debian's packages or the lab's own files change. */
async function ensureTree(tools: string, kind: ImageKind): Promise<string> {
  const packages = PACKAGES + EXTRA[kind];
  const own = ['tree.sh', 'init'].map((name) => readFile(join(HERE, name), 'utf8'));
  const key = keyOf(packages, ...MMDEBSTRAP_OPTIONS, ...(await Promise.all(own)), await contentsOf(join(HERE, 'tree')));
  return cached(kind === 'systemd-boot' ? 'tree-efi' : 'tree', key, async (making) => {
    const [root, work] = [join(making, 'root'), join(making, 'work')];
    await makeDebian(root, packages, MMDEBSTRAP_OPTIONS);
    await must(withTools(tools, ['sh', join(HERE, 'tree.sh'), root, work]), { timeoutMs: STEP_TIMEOUT_MS });
    await rm(work, { recursive: true });
  });
}

/** The installed project as a layer of the tree, its units enabled as its preset says. */
async function makeProject(step: Step, layer: string, into: string): Promise<void> {
  await step(['cp', '--archive', '--link', layer, into]);
  await chmod(into, 0o755); // it becomes the root's mode
  const preset = await readFile(join(into, 'usr/lib/systemd/system-preset/90-goodboot.preset'), 'utf8');
  // The doctor comes after the verdict: each boot would take some seconds longer for it, on an emulated processor.
  const units = [...preset.matchAll(/^enable (?!goodboot-doctor\.)(\S+)$/gm)].map((match) => match[1]!);
  await step(['systemctl', `--root=${into}`, 'preset', ...units]);
  await rename(join(into, 'etc'), join(into, 'usr/etc'));
}

/** The physical root: a repository with one commit, deployed. */
async function makeSysroot(step: Step, making: string, layers: readonly string[]): Promise<void> {
  const sysroot = join(making, 'root');
  const repo = `--repo=${sysroot}/ostree/repo`;
  await mkdir(sysroot);
  await step(['ostree', 'admin', 'init-fs', '--modern', sysroot]);
  for (const [key, value] of [
    ['sysroot.bootloader', 'none'],
    ['sysroot.readonly', 'true'],
    ['core.min-free-space-percent', '0'],
  ]) {
    await step(['ostree', repo, 'config', 'set', key!, value!]);
  }
  const trees = layers.map((directory) => `--tree=dir=${directory}`);
  const commit = ['--branch=lab/1', '--no-xattrs', '--add-metadata-string=version=1', '--fsync=no'];
  await step(['ostree', repo, 'commit', ...commit, ...trees]);
  await step(['ostree', 'admin', 'os-init', `--sysroot=${sysroot}`, STATEROOT]);
  const karg = KERNEL_ARGUMENTS.split(' ').map((argument) => `--karg=${argument}`);
  await step(['ostree', 'admin', 'deploy', `--sysroot=${sysroot}`, `--os=${STATEROOT}`, ...karg, 'lab/1']);
  await rename(join(sysroot, 'boot'), join(making, 'boot'));
  await mkdir(join(sysroot, 'boot'));
}

/** GRUB's core image, and its files in /boot. No grub.cfg yet: each machine says what it has in there. */
async function makeGrub(step: Step, making: string, tools: string): Promise<void> {
  const grub = join(making, 'boot/grub2');
  await mkdir(join(grub, 'i386-pc'), { recursive: true });
  await writeFile(join(grub, 'grubenv'), '# GRUB Environment Block\n'.padEnd(1024, '#'));
  await writeFile(join(making, 'start.cfg'), GRUB_START);
  const core = ['-O', 'i386-pc', '-p', '/grub2', '-c', join(making, 'start.cfg'), '-o', join(making, 'core.img')];
  await step(['grub-mkimage', ...core, ...GRUB_MODULES.split(' ')]);
  const needs = await readFile(join(tools, GRUB_DIRECTORY, 'moddep.lst'), 'utf8');
  const copied = new Set<string>();
  const copy = async (module: string): Promise<void> => {
    if (copied.has(module)) return;
    copied.add(module);
    await cp(join(tools, GRUB_DIRECTORY, `${module}.mod`), join(grub, 'i386-pc', `${module}.mod`));
    const others = new RegExp(`^${module}: *(.*)$`, 'm').exec(needs)?.[1] ?? '';
    for (const other of others.split(' ').filter(Boolean)) await copy(other);
  };
  await copy('linux');
  await cp(join(tools, GRUB_DIRECTORY, 'boot.img'), join(making, 'boot.img'));
}

async function makeDisks(step: Step, making: string): Promise<void> {
  // What is there now becomes the content of the disk of that name.
  for (const label of ['boot', 'root'] as const) {
    const [content, disk] = [join(making, `${label}.content`), join(making, label)];
    await rename(disk, content);
    // GRUB 2.12 cannot read ext4 with these two. /boot has a journal, as on real nodes: GRUB does not replay it.
    const format = ['-q', '-t', 'ext4', '-O', '^orphan_file,^metadata_csum_seed', '-m', '0', '-L', label];
    const size = `${DISK_BYTES[label] / 1024}k`;
    await step(['mke2fs', ...format, '-E', 'root_owner=0:0,lazy_itable_init=1', '-d', content, disk, size]);
  }
}

async function makeGrubDisk(making: string): Promise<void> {
  const [boot, core] = await Promise.all(['boot.img', 'core.img'].map((name) => readFile(join(making, name))));
  const grub = Buffer.alloc(DISK_BYTES.grub);
  boot!.copy(grub);
  if (core!.copy(grub, boot!.length) < core!.length) throw new Error(`core.img: ${core!.length} bytes are too much`);
  await writeFile(join(making, 'grub'), grub);
}

/** The lab's own part of the root, with the place for the partition. */
async function makeEspTree(into: string): Promise<void> {
  await cp(ESP_TREE, into, { recursive: true, verbatimSymlinks: true });
  await mkdir(join(into, 'efi'));
  await chmod(into, 0o755);
}
