import { cp, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { must } from '../../lab/run.ts';
import { cached, keyOf } from './cache.ts';
import { makeDebian, withTools } from './debian.ts';

/** The firmware, the boot loader, and what writes FAT. */
const PACKAGES = 'ovmf systemd-boot-efi dosfstools mtools fdisk util-linux';
const SUITE_KEY = 'trixie';

/** The firmware's program and its variables, in a machine's directory. */
export const FIRMWARE = ['firmware', 'variables'] as const;
const OVMF = { firmware: 'OVMF_CODE_4M.fd', variables: 'OVMF_VARS_4M.fd' } as const;

/** FAT16: of this size OVMF refuses FAT32. */
const ESP_MIB = 160;
const START_MIB = 1;
const TABLE = `label: gpt\nstart=${START_MIB * 2048},size=${ESP_MIB * 2048},type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B,name=esp\n`;

const ensureEfi = (): Promise<string> =>
  cached('efi', keyOf(SUITE_KEY, PACKAGES), (into) => makeDebian(into, PACKAGES));

/** The firmware, and a disk (in the place of GRUB's) with the entry of the one deployment of a sysroot, which is good. */
export async function makeEsp(making: string): Promise<void> {
  const efi = await ensureEfi();
  const step = (argv: readonly string[], input = '') => must(withTools(efi, argv), { input, timeoutMs: 60_000 });
  for (const name of FIRMWARE) await cp(join(efi, 'usr/share/OVMF', OVMF[name]), join(making, name));
  const [esp, disk] = [join(making, 'esp'), join(making, 'grub')];
  await mkdir(join(esp, 'EFI/BOOT'), { recursive: true });
  await mkdir(join(esp, 'loader/entries'), { recursive: true });
  const loader = join(efi, 'usr/lib/systemd/boot/efi/systemd-bootx64.efi');
  await cp(loader, join(esp, 'EFI/BOOT/BOOTX64.EFI'));
  await writeFile(join(esp, 'loader/loader.conf'), 'timeout 0\n');
  await writeFile(join(esp, 'loader/entries.srel'), 'type1\n');
  await cp(join(making, 'boot/ostree'), join(esp, 'ostree'), { recursive: true, dereference: true });
  const entries = join(making, 'boot/loader/entries');
  for (const name of await readdir(entries)) {
    const text = await readFile(join(entries, name), 'utf8');
    const link = /\bostree=(\S+)/.exec(text)?.[1];
    const deployment = basename(await readlink(join(making, 'root', link ?? '')));
    const file = `lab-${deployment.slice(0, 10)}-${deployment.split('.')[1]}.conf`;
    await writeFile(join(esp, 'loader/entries', file), `${text}\nsort-key lab\n`);
  }
  await step(['truncate', '--size', `${ESP_MIB + 2 * START_MIB}M`, disk]);
  await step(['sfdisk', '--quiet', disk], TABLE);
  const format = ['-F', '16', '-n', 'ESP', `--offset=${START_MIB * 2048}`];
  await step(['mkfs.vfat', ...format, disk, `${ESP_MIB * 1024}`]);
  const contents = (await readdir(esp)).map((name) => join(esp, name));
  await step(['mcopy', '-s', '-i', `${disk}@@${START_MIB}M`, ...contents, '::']);
  await rm(esp, { recursive: true });
}

/** The names of the boot entries of a machine that is off, sorted. */
export async function entriesOf(directory: string): Promise<readonly string[]> {
  const argv = ['mdir', '-b', '-i', `${join(directory, 'grub')}@@${START_MIB}M`, '::/loader/entries'];
  const listed = await must(withTools(await ensureEfi(), argv), { timeoutMs: 30_000 });
  return listed
    .split('\n')
    .filter((line) => line.endsWith('.conf'))
    .map((line) => basename(line))
    .toSorted();
}
