import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';

/** As many links as the kernel follows in one path. */
const MAX_LINKS = 40;

/**
 * The place of `path` below `root`, with links and `..` resolved as if `root` were `/`: it never leads out, unless
 * somebody changes links at that moment. `last: 'keep'` leaves a link at the end unresolved.
 */
export async function resolveInRoot(root: string, path: string, last: 'follow' | 'keep'): Promise<string> {
  let left = path.split('/').filter(isName);
  const done: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const [name, ...rest] = left;
    left = rest;
    if (name === '..') done.pop();
    else {
      const target = rest.length === 0 && last === 'keep' ? null : await targetOf(join(root, ...done, name!));
      if (target === null) done.push(name!);
      else {
        links += 1;
        if (links > MAX_LINKS) throw Object.assign(new Error('ELOOP: too many symbolic links'), { code: 'ELOOP' });
        if (target.startsWith('/')) done.length = 0;
        left = [...target.split('/').filter(isName), ...rest];
      }
    }
  }
  return join(root, ...done);
}

const isName = (part: string): boolean => part !== '' && part !== '.';

/** The target of a link; null for anything else, also for what does not exist. */
export async function targetOf(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch (thrown) {
    if (['EINVAL', 'ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')) return null;
    throw thrown;
  }
}
