import { readFile } from 'node:fs/promises';
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
    const { id } = await mountOf(path);
    const line = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').find((each) => each.startsWith(`${id} `));
    const [type = '', source = ''] = line?.split(' - ', 2)[1]?.split(' ') ?? [];
    return grubCanWrite(type, source);
  } catch {
    return false;
  }
}
