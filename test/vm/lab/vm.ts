import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NewFile } from '../../lab/overlay.ts';
import { ensureTools } from './debian.ts';
import { ensureImage, type ImageKind } from './image.ts';
import type { Hardware } from './qemu.ts';
import { GRUBENV, RUNS, Vm } from './virtual-machine.ts';

export type { Vm } from './virtual-machine.ts';

const FRAGMENT = resolve(import.meta.dirname, '../../../dist/grub/09_goodboot.cfg');

export interface VmOptions extends Partial<Hardware> {
  readonly kind?: ImageKind;
  /** The installed project; default: the release. */
  readonly layer?: string | undefined;
  /**
   * Fragments of grub.cfg by file name, which says their place: the entries are in `10_entries.cfg`. Default: the
   * project's own `09_goodboot.cfg`, where it is built; none: `{}`.
   */
  readonly fragments?: Readonly<Record<string, string>>;
  /** Written before the first boot, below /boot, /etc and /var. */
  readonly files?: Readonly<Record<string, NewFile | null>>;
  /** Variables in GRUB's environment block before the first boot. */
  readonly grubenv?: Readonly<Record<string, string>>;
}

/** A machine that is off, with a disk as the options say. Use it as `await using vm = await newVm({…})`, then `start`. */
export async function newVm(options: VmOptions = {}): Promise<Vm> {
  const { kind, files = {}, fragments = await ownFragment(), clock = null } = options;
  await sweep();
  const image = await ensureImage(kind, options.layer);
  const vm = new Vm(await ensureTools(), { clock });
  await Vm.copy(image, vm.directory);
  await vm.disks.write({
    ...(kind === 'systemd-boot' ? {} : { '/boot/grub2/grub.cfg': await grubConfig(fragments) }),
    ...(options.grubenv === undefined ? {} : { [GRUBENV]: environmentBlock(options.grubenv) }),
    ...files,
  });
  return vm;
}

/** As `newVm`, and started. */
export async function bootVm(options: VmOptions = {}): Promise<Vm> {
  const vm = await newVm(options);
  try {
    await vm.start();
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

export async function ownFragment(): Promise<Readonly<Record<string, string>>> {
  return existsSync(FRAGMENT) ? { '09_goodboot.cfg': await readFile(FRAGMENT, 'utf8') } : {};
}

/** The lab's parts and the fragments, in the order of their names, as bootupd puts its own together. */
async function grubConfig(fragments: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(import.meta.dirname, 'grub');
  const parts = new Map(Object.entries(fragments));
  for (const name of await readdir(directory)) parts.set(name, await readFile(join(directory, name), 'utf8'));
  return [...parts.keys()]
    .toSorted()
    .map((name) => parts.get(name))
    .join('\n');
}

function environmentBlock(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return `# GRUB Environment Block\n${lines.join('')}`.padEnd(1024, '#');
}

/** Removes the disks of processes that died before they could. Their machines died with them. */
export async function sweep(): Promise<void> {
  await mkdir(RUNS, { recursive: true });
  for (const name of await readdir(RUNS)) {
    if (!existsSync(`/proc/${name.split('-', 1)[0]}`)) await rm(join(RUNS, name), { recursive: true, force: true });
  }
}
