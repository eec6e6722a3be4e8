import { createHash } from 'node:crypto';

/** Where a deployment stands; versions are small numbers. */
export interface Place {
  readonly n: number;
  readonly booted?: true;
  readonly staged?: true;
  readonly pinned?: true;
}

/** Deployments in boot order, a staged one first. */
export type Layout = readonly Place[];

/** The layout `3s 2 1* 0p`: version 3 is staged, 1 is booted, 0 is pinned. */
export const layout = (text: string): Layout =>
  text.split(' ').map((place) => ({
    n: Number.parseInt(place, 10),
    ...(place.includes('*') ? { booted: true } : {}),
    ...(place.includes('s') ? { staged: true } : {}),
    ...(place.includes('p') ? { pinned: true } : {}),
  }));

/** What stands in for the checksum of a version. */
export const checksumOf = (n: number): string => createHash('sha256').update(`version ${n}`).digest('hex');

/** The version of a checksum; null when it is none of these. */
export const versionOf = (checksum: string): number | null =>
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].find((n) => checksumOf(n) === checksum) ?? null;
