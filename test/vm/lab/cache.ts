import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE } from '../../lab/rootfs.ts';
import { withLock } from '../../lab/run.ts';

const VM_CACHE = join(CACHE, 'vm');
/** Versions of one thing: each is some hundred megabytes. */
const KEPT = 4;

/** A short digest of all that goes into something that is made once. */
export const keyOf = (...parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}\n`).update(part);
  return hash.digest('hex').slice(0, 12);
};

/** The names and contents of all files of a directory, in order: a part of a key. */
export async function contentsOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const parts = files
    .toSorted()
    .map(async (file) => `${file.slice(directory.length)}\n${await readFile(file, 'utf8')}`);
  return (await Promise.all(parts)).join('');
}

/**
 * The path of a directory that `make` fills, on first use only. Several processes may ask at once; one that is cut
 * short leaves nothing that looks whole. Only the versions used last are kept.
 */
export async function cached(name: string, key: string, make: (into: string) => Promise<void>): Promise<string> {
  const path = join(VM_CACHE, `${name}-${key}`);
  return withLock(join(VM_CACHE, `${name}.lock`), async () => {
    if (!existsSync(path)) {
      await prune(name);
      const started = performance.now();
      const making = await mkdtemp(`${path}.new-`);
      try {
        await make(making);
        await rename(making, path);
      } catch (error) {
        await rm(making, { recursive: true, force: true });
        throw error;
      }
      process.stderr.write(`made ${path} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
    }
    await utimes(path, new Date(), new Date()); // used now: the last to be removed
    return path;
  });
}

/** Leaves room for one more. */
async function prune(name: string): Promise<void> {
  await mkdir(VM_CACHE, { recursive: true });
  const names = (await readdir(VM_CACHE)).filter((entry) => new RegExp(`^${name}-[0-9a-f]{12}$`).test(entry));
  const used = async (entry: string) => ({ entry, at: (await stat(join(VM_CACHE, entry))).mtimeMs });
  const versions = (await Promise.all(names.map(used))).toSorted((a, b) => b.at - a.at);
  for (const { entry } of versions.slice(KEPT - 1)) await rm(join(VM_CACHE, entry), { recursive: true });
}
