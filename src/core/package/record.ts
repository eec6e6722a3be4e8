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
  /** Units that were enabled as the preset says: what a person has disabled since then stays so. */
  readonly preset?: readonly string[];
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
  const { v, version, prefix, paths, directories, preset } = value as Record<string, unknown>;
  const ours = PREFIXES.find((each) => each === prefix);
  if (v !== 1 || typeof version !== 'string' || ours === undefined) return null;
  if (!isPaths(paths) || !isPaths(directories)) return null;
  // Directories are removed when they are empty; of everything else, what is not goodboot's by its name stays.
  if (!paths.every((path) => path.includes('goodboot'))) return null;
  const record = { v, version, prefix: ours, paths, directories } as const;
  return isUnits(preset) ? { ...record, preset } : record;
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

const isUnits = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((unit) => typeof unit === 'string');
