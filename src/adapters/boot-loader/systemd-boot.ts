import { GoodbootError } from '../../core/errors.ts';
import type { BootLoader, BootLoaderState } from '../../ports/boot-loader.ts';
import type { Files } from '../../ports/files.ts';
import { entriesIn, type LoaderEntry, leadsTo, parseEntry } from './entries.ts';
import { readLoaderVariable } from './loader-variable.ts';
import { forcedDefault, triesOfNewEntries } from './systemd-boot-settings.ts';

/** Where the EFI system partition and the extended boot partition are mounted (bootctl(1)). */
export const PARTITIONS = ['/efi', '/boot', '/boot/efi'] as const;
const DIRECTORIES = ['loader/entries', 'EFI/Linux'] as const;

/**
 * systemd-boot, with the counters of Automatic Boot Assessment. It counts by itself, in the names of entries, whatever
 * has a counter when it is written. It is never marked from here: reaching boot-complete.target makes
 * systemd-bless-boot take the counter away. A bad boot is not marked either: what is left of its attempts is to be used.
 */
export function makeSystemdBoot(files: Files): BootLoader {
  return {
    name: 'systemd-boot',
    detail: 'marked by systemd-bless-boot when boot-complete.target is reached',
    can: { mark: false, countAttempts: true },
    read: (onTrial = null) => read(files, onTrial),
    // It counts whatever entry has a counter in its name, and that entry's name is the proof.
    takeProof: async () => (await bootedEntry(files)) !== null,
    needsOwnMounts: async () => false,
    apply: async ({ success }) => {
      // Who writes the entries sets the counters, and an entry that is not blessed is not good.
      if (success !== true) return false;
      throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', 'systemd-boot is marked by systemd-bless-boot.service alone');
    },
    attemptsFor: async () => {
      const refuse = (why: string) => new GoodbootError('BOOT_LOADER_UNSUPPORTED', `systemd-boot: ${why}`);
      const forced = await forcedDefault(files, PARTITIONS);
      if (forced !== null) throw refuse(`${forced}; that entry is started also when its attempts are used up`);
      const seen = [await bootedEntry(files), ...(await entries(files))].flatMap((entry) => entry?.tries ?? []);
      const tries = Math.max(...seen.map(({ left, done }) => left + done), ...(await triesOfNewEntries(files)));
      if (tries > 0) return tries;
      throw refuse(
        'no boot entry has a counter, and neither /etc/kernel/tries nor sysroot.boot-counting-tries gives it one',
      );
    },
    hasFallback: async () => {
      try {
        const lists = await Promise.all(PARTITIONS.map((partition) => entriesOn(files, partition)));
        const most = Math.max(...lists.map(({ length }) => length));
        return most === 0 ? null : most > 1;
      } catch (error) {
        if (error instanceof GoodbootError) return null;
        throw error;
      }
    },
  };
}

/** The entry that this boot was counted on, as it was named by then: `\loader\entries\NAME+LEFT-DONE.conf`. */
async function bootedEntry(files: Files): Promise<LoaderEntry | null> {
  const path = await readLoaderVariable(files, 'LoaderBootCountPath');
  return path === null ? null : parseEntry(path.replaceAll('\\', '/'));
}

async function entriesOn(files: Files, partition: string): Promise<readonly LoaderEntry[]> {
  const lists = await Promise.all(DIRECTORIES.map((directory) => entriesIn(files, `${partition}/${directory}`)));
  return lists.flat();
}

/** @throws GoodbootError FILE_UNREADABLE; systemd-boot started this system from an entry, so none at all is not known */
async function entries(files: Files): Promise<readonly LoaderEntry[]> {
  const all = (await Promise.all(PARTITIONS.map((partition) => entriesOn(files, partition)))).flat();
  if (all.length > 0) return all;
  throw new GoodbootError('FILE_UNREADABLE', `no boot entries below ${PARTITIONS.join(', ')}`, {
    hint: 'mount the EFI system partition',
  });
}

async function read(files: Files, onTrial: string | null): Promise<BootLoaderState> {
  const booted = await bootedEntry(files);
  const counter = (value: number | null): BootLoaderState => ({ counter: value, success: null });
  let all: readonly LoaderEntry[];
  try {
    all = await entries(files);
  } catch (error) {
    // The name that this boot was counted by is enough to know its counter.
    if (error instanceof GoodbootError && (booted !== null || onTrial === null))
      return counter(booted?.tries?.left ?? null);
    throw error;
  }
  // Of the same name in two places, the one that is counted is the one that systemd-boot reads.
  const now = (name: string) => {
    const same = all.filter((entry) => entry.name.toLowerCase() === name.toLowerCase());
    return same.find(({ tries }) => tries !== null) ?? same[0];
  };
  const left = booted === null ? null : (now(booted.name) ?? booted).tries?.left;
  if (onTrial === null) return counter(left ?? null);
  const own: LoaderEntry[] = [];
  for (const entry of all) if (await leadsTo(files, entry.path, onTrial)) own.push(entry);
  // Booted on an attempt, unless it was blessed since: then it stands there without a counter.
  const isOwn = own.some(({ name }) => name.toLowerCase() === booted?.name.toLowerCase());
  // Where none can be told to be its own, a boot that is counted is not taken for one that is not.
  if (booted !== null && (isOwn || own.length === 0)) return counter(left ?? null);
  const counted = own.flatMap(({ tries }) => tries ?? []);
  if (counted.length === 0) return counter(null);
  // Something else was booted. Was it chosen because nothing is left of the one on trial, or by a person?
  return counter(Math.max(...counted.map((tries) => tries.left)) || -1);
}
