import { PREFIXES, type Prefix } from './layout.ts';

/** What an installation has put where, so that it can be taken out again by any later goodboot. */
export interface InstallRecord {
  readonly v: 1;
  readonly version: string;
  readonly prefix: Prefix;
  /** Paths of files and links, sorted. */
  readonly paths: readonly string[];
  /** Directories that were not there before, outermost first. */
  readonly directories: readonly string[];
}

export const recordText = (record: InstallRecord): string => `${JSON.stringify(record, null, 2)}\n`;

/** Null: it is no record. Whoever asks removes what it names, so a path that could be something else is not believed. */
export function parseRecord(text: string): InstallRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (value === null || typeof value !== 'object') return null;
  const { v, version, prefix, paths, directories } = value as Record<string, unknown>;
  const ours = PREFIXES.find((each) => each === prefix);
  if (v !== 1 || typeof version !== 'string' || ours === undefined) return null;
  if (!isPaths(paths) || !isPaths(directories)) return null;
  return { v, version, prefix: ours, paths, directories };
}

/** Absolute, without `..`, in the places where goodboot puts things. */
const isPaths = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.every(
    (path) =>
      typeof path === 'string' &&
      /^\/(?:usr|etc)(?:\/|$)/.test(path) &&
      path.split('/').every((part, index) => (part === '' ? index === 0 : part !== '.' && part !== '..')),
  );
