import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import { entriesIn, leadsTo } from './entries.ts';

/** What GRUB has as /loader/entries, as the running system sees it. */
const ENTRIES = '/boot/loader/entries';
/**
 * What GRUB takes as an id and as nothing else: of a name that begins with a digit it takes the number, as a position
 * in the menu, and `>` leads into a submenu. The characters are those of the Boot Loader Specification.
 */
const SAFE_ID = /^[A-Za-z_][A-Za-z0-9._+~-]*$/;

/**
 * The id of the entry that starts a deployment: its file's name without `.conf`, counters included, as blscfg has it. Of
 * several the one that comes first in the menu. Null: there is none, or nobody can tell; then the position counts.
 */
export async function entryOf(files: Files, deployment: string): Promise<string | null> {
  try {
    const ids: string[] = [];
    for (const { path, file } of await entriesIn(files, ENTRIES)) {
      const id = file.replace(/\.conf$/, '');
      if (id !== file && SAFE_ID.test(id) && (await leadsTo(files, path, deployment))) ids.push(id);
    }
    return ids.sort(byMenu)[0] ?? null;
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}

/** The higher number first. */
const byMenu = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true });

/** Null: could not tell. */
export async function hasSecondEntry(files: Files): Promise<boolean | null> {
  try {
    const names = await files.list(ENTRIES);
    return names === null ? null : names.filter((name) => name.endsWith('.conf')).length > 1;
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}
