import { commitOf } from '../../core/deployment-link.ts';
import type { DeploymentFacts, MenuEntry } from '../../core/doctor/facts.ts';
import { type EntryText, parseEntryText } from '../../core/menu-entry.ts';
import type { Files } from '../../ports/files.ts';
import type { DoctorDeps } from './deps.ts';

/** Where the boot menu may lie: GRUB's is in /boot, systemd-boot's also on the EFI system partition. */
const PARTITIONS = ['/boot', '/efi', '/boot/efi'] as const;
const MAX_ENTRY_BYTES = 64 * 1024;

/** The boot menu against the files and trees that it names. */
export async function lookAtDeployments({ files, deployments }: DoctorDeps): Promise<DeploymentFacts> {
  const [booted, entries] = await Promise.all([deployments.booted(), readMenu(files)]);
  return { booted: booted?.id ?? null, entries };
}

/** An entry, with the bytes of its kernel and initrds. */
export type SizedEntry = MenuEntry & { readonly bytes: number };

/** Entries that start a deployment; what else is in the menu is left out. Null: there is no menu. */
export async function readMenu(files: Files): Promise<readonly SizedEntry[] | null> {
  const lists = await Promise.all(PARTITIONS.map((partition) => readPartition(files, partition)));
  return lists.every((list) => list === null) ? null : lists.flatMap((list) => list ?? []);
}

async function readPartition(files: Files, partition: string): Promise<readonly SizedEntry[] | null> {
  const [names, images] = await Promise.all([
    files.list(`${partition}/loader/entries`),
    files.list(`${partition}/EFI/Linux`),
  ]);
  if (names === null && images === null) return null;
  const entries: SizedEntry[] = [];
  for (const file of (names ?? []).filter((name) => name.endsWith('.conf'))) {
    const bytes = await files.readBytes(`${partition}/loader/entries/${file}`, MAX_ENTRY_BYTES);
    const text = bytes?.toString('utf8') ?? '';
    const entry = parseEntryText(text);
    // An empty file is what a power cut leaves of an entry: it must not be passed over.
    if (entry.ostree !== null || entry.composefs !== null || text.trim() === '' || /^ostree-/.test(file)) {
      entries.push(await lookAt(files, file, entry));
    }
  }
  for (const file of (images ?? []).filter((name) => /\.efi$/i.test(name))) {
    const size = (await files.info(`${partition}/EFI/Linux/${file}`))?.sizeBytes ?? 0;
    // What it starts stands inside, which the boot loader's own adapter reads.
    entries.push({ file, deployment: null, faults: size === 0 ? [`${file} is empty`] : [], bytes: size });
  }
  return entries;
}

async function lookAt(files: Files, file: string, entry: EntryText): Promise<SizedEntry> {
  const faults: string[] = entry.hasKernel ? [] : ['it names no kernel'];
  let bytes = 0;
  for (const path of entry.files) {
    const size = await sizeOf(files, path);
    const name = path.replace(/^.*\//, '');
    if (size === null) faults.push(`${name} is missing`);
    else if (size === 0) faults.push(`${name} is empty`);
    else bytes += size;
  }
  const { deployment, fault } = await deploymentOf(files, entry);
  return { file, deployment, faults: fault === null ? faults : [...faults, fault], bytes };
}

/** Bytes of a file that the boot loader names from the top of its file system, which is /boot or has a boot in it. */
async function sizeOf(files: Files, path: string): Promise<number | null> {
  const places = PARTITIONS.map((partition) => partition + path);
  for (const place of path.startsWith('/boot/') ? [...places, path] : places) {
    const info = await files.info(place);
    if (info?.kind === 'file') return info.sizeBytes;
  }
  return null;
}

async function deploymentOf(
  files: Files,
  { ostree, composefs }: EntryText,
): Promise<{ readonly deployment: string | null; readonly fault: string | null }> {
  if (ostree === null) return { deployment: composefs, fault: composefs === null ? 'it names no deployment' : null };
  // The system's own root is below /sysroot when it runs.
  for (const link of [ostree, `/sysroot${ostree}`]) {
    const target = await files.readLink(link);
    if (target === null) continue;
    const tree = await files.list(`${link}/usr`);
    const fault = tree === null ? `${ostree} leads to no tree` : tree.length === 0 ? `${ostree}/usr is empty` : null;
    return { deployment: commitOf(target), fault };
  }
  return { deployment: null, fault: `${ostree} is no link` };
}
