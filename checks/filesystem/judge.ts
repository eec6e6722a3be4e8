import { formatSize, parseSize } from '../../src/core/size.ts';
import type { Space } from '../../src/ports/files.ts';
import type { Mount } from './mountinfo.ts';
import type { FilesystemOptions } from './options.ts';

export type WantedMount = FilesystemOptions['mounts'][string];
export type WantedRoom = Pick<WantedMount, 'free' | 'freeInodes'>;

/** What is wrong with the way a file system is mounted, one phrase each. */
export function mountProblems(path: string, wanted: WantedMount, mount: Mount | null): readonly string[] {
  if (mount === null) return [`${path} is not mounted`];
  const problems: string[] = [];
  if (wanted.type !== undefined && wanted.type !== mount.type) {
    problems.push(`${path} is of type ${mount.type}; ${wanted.type} was wanted`);
  }
  if (wanted.writable === false && !mount.readOnly) {
    problems.push(`${path} is mounted read-write; read-only was wanted`);
  }
  if ((wanted.writable ?? false) !== false && mount.readOnly) problems.push(`${path} is mounted read-only`);
  return problems;
}

/** What is wrong with the room on a file system, one phrase each. */
export function roomProblems(path: string, wanted: WantedRoom, space: Space): readonly string[] {
  const { free, freeInodes } = wanted;
  const problems: string[] = [];
  if (free !== undefined) {
    const seen = formatSize(space.freeBytes);
    const share = shareOf(free);
    if (share === null && space.freeBytes < parseSize(free)) {
      problems.push(`${path} has ${seen} free; ${formatSize(parseSize(free))} was wanted`);
    }
    if (share !== null && space.freeBytes < share * space.totalBytes) {
      problems.push(`${path} has ${seen} free (${percent(space.freeBytes, space.totalBytes)}); ${free} was wanted`);
    }
  }
  if (freeInodes !== undefined && space.totalInodes > 0) {
    const share = typeof freeInodes === 'number' ? null : shareOf(freeInodes);
    const least = share === null ? Number(freeInodes) : share * space.totalInodes;
    if (space.freeInodes < least) {
      problems.push(`${path} has ${space.freeInodes} inodes free; ${freeInodes} was wanted`);
    }
  }
  return problems;
}

/** 0.05 of `5%`; null for anything that is not a share. */
const shareOf = (text: string): number | null => (text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : null);

const percent = (part: number, whole: number): string => `${Math.floor((part / whole) * 1000) / 10}%`;
