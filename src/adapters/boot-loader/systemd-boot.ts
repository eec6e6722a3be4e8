import { GoodbootError } from '../../core/errors.ts';
import type { BootLoader } from '../../ports/boot-loader.ts';
import type { Files } from '../../ports/files.ts';

const EFI_VARIABLES = '/sys/firmware/efi/efivars';
/** The vendor id under which boot loaders leave word for the system they start. */
const LOADER_VENDOR = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';
/** A path on the EFI system partition fits many times. */
const MAX_VARIABLE_BYTES = 4096;
/** The kernel puts the variable's attributes, 32 bits, before its value. */
const ATTRIBUTE_BYTES = 4;

/** The text that the boot loader left in an EFI variable (UTF-16), or null where there is none. */
export async function readLoaderVariable(files: Files, name: string): Promise<string | null> {
  const bytes = await files.readBytes(`${EFI_VARIABLES}/${name}-${LOADER_VENDOR}`, MAX_VARIABLE_BYTES);
  return bytes === null ? null : bytes.subarray(ATTRIBUTE_BYTES).toString('utf16le').replace(/\0.*$/s, '');
}

/** Attempts left in the name of a boot entry (`NAME+LEFT-DONE.conf`), or null when its boots are not counted. */
export function attemptsLeftIn(entryPath: string): number | null {
  const left = /\+(\d{1,9})(?:-\d{1,9})?\.[^.\\/]+$/.exec(entryPath)?.[1];
  return left === undefined ? null : Number(left);
}

/**
 * systemd-boot. It is never marked from here: reaching boot-complete.target makes systemd-bless-boot rename the
 * entry. The counter is the one with which this boot was started, also after that.
 */
export function makeSystemdBoot(files: Files): BootLoader {
  return {
    name: 'systemd-boot',
    detail: 'marked by systemd-bless-boot when boot-complete.target is reached',
    can: { mark: false, countAttempts: true },
    read: async () => {
      const entryPath = await readLoaderVariable(files, 'LoaderBootCountPath');
      return { counter: entryPath === null ? null : attemptsLeftIn(entryPath), success: null };
    },
    // It counts whatever entry has a counter in its name, and that entry's name is the proof.
    takeProof: async () => (await readLoaderVariable(files, 'LoaderBootCountPath')) !== null,
    needsOwnMounts: async () => false,
    apply: async (change) => {
      if (Object.keys(change).length === 0) return false;
      throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', 'systemd-boot is marked by systemd-bless-boot.service alone');
    },
  };
}
