import { matchesGlob } from 'node:path';
import type { Files } from '../../ports/files.ts';
import { readLoaderVariable } from './loader-variable.ts';

/** Attempts that the writers of entries give to a new one; 0 is none. */
export async function triesOfNewEntries(files: Files): Promise<readonly number[]> {
  // kernel-install(8); bootc reads it too, from the new image.
  const kernel = (await files.readText('/etc/kernel/tries')) ?? '';
  // ostree.repo-config(5)
  const ostree = (await files.readText('/ostree/repo/config')) ?? (await files.readText('/sysroot/ostree/repo/config'));
  const sysroot = /^\[sysroot\]$(?<keys>(?:\n(?!\[).*)*)/m.exec(ostree ?? '')?.groups?.['keys'] ?? '';
  return [/^\s*(\d{1,9})\s*$/.exec(kernel)?.[1], /^boot-counting-tries\s*=\s*(\d{1,9})\s*$/m.exec(sysroot)?.[1]].map(
    (text) => Number(text ?? 0),
  );
}

/**
 * A default entry that is set by name, other than what is booted: systemd-boot starts it whatever its counter says. One
 * clause, or null. A pattern that the booted entry matches is harmless: of all that match, what is used up comes last.
 */
export async function forcedDefault(files: Files, partitions: readonly string[]): Promise<string | null> {
  const variable = await readLoaderVariable(files, 'LoaderEntryDefault');
  if (variable) return (await matchesBooted(files, variable)) ? null : `LoaderEntryDefault names "${variable}"`;
  for (const partition of partitions) {
    const path = `${partition}/loader/loader.conf`;
    const pattern = /^[ \t]*default[ \t]+(\S+)/m.exec((await files.readText(path)) ?? '')?.[1];
    if (pattern !== undefined && !(await matchesBooted(files, pattern)))
      return `${path} names the default "${pattern}"`;
  }
  return null;
}

async function matchesBooted(files: Files, pattern: string): Promise<boolean> {
  const booted = (await readLoaderVariable(files, 'LoaderEntrySelected'))?.toLowerCase();
  return booted !== undefined && matchesGlob(booted, pattern.toLowerCase());
}
