import type { UnitFile } from './facts.ts';

/** What `systemctl list-unit-files --output=json` prints; null when it is not that. */
export function parseUnitFiles(text: string): readonly UnitFile[] | null {
  let value: unknown;
  try {
    // systemd 252 prints nothing where nothing matches.
    value = text.trim() === '' ? [] : JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const units = value.flatMap((each: unknown) => {
    if (each === null || typeof each !== 'object') return [];
    const { unit_file: name, state, preset, vendor_preset: older } = { ...each } as Readonly<Record<string, unknown>>;
    if (typeof name !== 'string' || typeof state !== 'string') return [];
    const told = preset ?? older;
    return [{ name, state, preset: typeof told === 'string' && told !== '' ? told : null }];
  });
  return units.length === value.length ? units : null;
}

/** Every cycle that `systemd-analyze verify` tells of, each once. Its exit status is about all kinds of faults. */
export const cyclesIn = (printed: string): readonly string[] => [
  ...new Set(
    printed
      .split('\n')
      .filter((line) => /\bfound ordering cycle\b/i.test(line))
      .map((line) => line.trim()),
  ),
];

/** The value of `Storage=` that counts in journald's configuration, as `systemd-analyze cat-config` joins the files. */
export const storageIn = (joined: string): string =>
  [...joined.matchAll(/^\s*Storage\s*=\s*(\S+)/gm)].at(-1)?.[1]?.toLowerCase() ?? 'auto';

/** The value of panic= on a kernel command line; null: it is not there, or not a number. */
export function panicIn(commandLine: string): number | null {
  const value = commandLine
    .split(/\s+/)
    .findLast((word) => word.startsWith('panic='))
    ?.slice('panic='.length);
  return value !== undefined && /^-?\d{1,9}$/.test(value) ? Number(value) : null;
}
