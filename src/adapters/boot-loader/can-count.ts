import { readFile, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { mountOf } from './mount.ts';

/** File systems whose blocks GRUB can write where they lie. It never writes to btrfs, and never replays a journal. */
const WRITABLE = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'vfat']);

/** Whether GRUB can write a file on that file system: a plain partition, not LVM, RAID or encryption (diskfilter cannot write). */
export function grubCanWrite(type: string, source: string): boolean {
  return WRITABLE.has(type) && /^\/dev\/(?!mapper\/|md|dm-)/.test(source);
}

/** The same of the environment block of this machine. Trouble to find out is a no: what cannot be counted is not armed. */
export async function canCountAt(path: string): Promise<boolean> {
  try {
    const { type, source } = await placeOf(path);
    return grubCanWrite(type, source);
  } catch {
    return false;
  }
}

/** Where a file of this machine lies. */
export interface Place {
  readonly type: string;
  readonly source: string;
  /** The path as GRUB names it: from the top of its file system. */
  readonly inside: string;
}

/** Throws what the kernel answers, and where the mount is not in its table any more. */
export async function placeOf(path: string): Promise<Place> {
  const [{ id, mountPoint }, target] = await Promise.all([mountOf(path), realpath(path)]);
  const line = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').find((each) => each.startsWith(`${id} `));
  const [type, source] = line?.split(' - ', 2)[1]?.split(' ') ?? [];
  const top = line?.split(' ')[3];
  if (type === undefined || source === undefined || top === undefined) throw new Error(`mount ${id} is gone`);
  return { type, source, inside: join(top, relative(mountPoint, target)) };
}

/** Whether a device has that id or label; null where this system does not know such a one. */
export async function isDevice(source: string, by: 'uuid' | 'label', value: string): Promise<boolean | null> {
  for (const name of new Set([value, value.toLowerCase(), value.toUpperCase()])) {
    const device = await realpath(`/dev/disk/by-${by}/${name}`).catch(() => null);
    if (device !== null) return device === (await realpath(source).catch(() => source));
  }
  return null;
}
