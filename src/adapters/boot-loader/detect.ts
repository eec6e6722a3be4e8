import { realpath } from 'node:fs/promises';
import { GoodbootError } from '../../core/errors.ts';
import type { BootLoader } from '../../ports/boot-loader.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import { makeGrub } from './grub.ts';
import { readLoaderVariable } from './loader-variable.ts';
import { makeNoop } from './noop.ts';
import { makeSystemdBoot } from './systemd-boot.ts';

export type BootLoaderSetting = 'auto' | 'grub' | 'systemd-boot' | 'noop';

/** Fedora's place, then everybody else's. */
const GRUB_DIRECTORIES = ['/boot/grub2', '/boot/grub'] as const;

/**
 * The boot loader of this system, or the one that is set. GRUB is asked for first: marking a block that nobody
 * reads does no harm, leaving one unmarked that is read costs a good deployment.
 * @throws GoodbootError FILE_UNREADABLE
 */
export async function detectBootLoader(
  files: Files,
  processes: Processes,
  setting: BootLoaderSetting,
  warn: (message: string) => void = (message) => process.stderr.write(`goodboot: warning: ${message}\n`),
): Promise<BootLoader> {
  if (setting === 'noop') return makeNoop('the configuration says noop', { isWanted: true });
  if (setting === 'systemd-boot') return makeSystemdBoot(files);
  const directory = (await findGrub(files)) ?? (setting === 'grub' ? GRUB_DIRECTORIES[0] : null);
  if (directory !== null) {
    const path = files.resolve(`${directory}/grubenv`);
    const target = await wayOut(path, files.resolve('/'));
    return target === null
      ? makeGrub({ path, files, processes, warn })
      : makeNoop(`${path} is a link to ${target}, out of the root`);
  }
  const loader = await readLoaderVariable(files, 'LoaderInfo');
  if (loader?.startsWith('systemd-boot')) return makeSystemdBoot(files);
  const seen = loader === null ? 'no EFI variable LoaderInfo' : `LoaderInfo is "${loader}"`;
  return makeNoop(`no grubenv or grub.cfg in ${GRUB_DIRECTORIES.join(' or ')}, ${seen}`);
}

/** A GRUB directory without its block is GRUB all the same: reading it then says that the block is missing. */
async function findGrub(files: Files): Promise<string | null> {
  for (const name of ['grubenv', 'grub.cfg']) {
    for (const directory of GRUB_DIRECTORIES) {
      if (await isThere(files, `${directory}/${name}`)) return directory;
    }
  }
  return null;
}

/** Where only root may look, something is there: reading the block then says why it cannot be read. */
async function isThere(files: Files, path: string): Promise<boolean> {
  try {
    return (await files.info(path)) !== null;
  } catch (error) {
    if (error instanceof GoodbootError && error.code === 'FILE_UNREADABLE') return true;
    throw error;
  }
}

/** In an image's root an absolute link would lead to the grubenv of the machine that builds the image. */
async function wayOut(path: string, root: string): Promise<string | null> {
  const [target, top] = await Promise.all([path, root].map((each) => realpath(each).catch(() => each)));
  return top === '/' || target?.startsWith(`${top}/`) ? null : (target ?? path);
}
