import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CACHE } from './rootfs.ts';
import { must, withLock } from './run.ts';

const REPO = resolve(import.meta.dirname, '../..');
const DAY_MS = 86_400_000;

/** A digest of all that tools/install.mjs takes: another build is another layer. */
async function buildKey(out: string): Promise<string> {
  const hash = createHash('sha256');
  for (const source of [out, ...['units', 'dist', 'schema', 'tools/install.mjs'].map((path) => join(REPO, path))]) {
    const found = existsSync(source) ? await stat(source) : null;
    const names = found?.isDirectory() ? await readdir(source, { recursive: true, withFileTypes: true }) : [];
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of found?.isFile() ? [source] : files.toSorted()) hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 12);
}

/** The path of a directory that holds the installed project and nothing else: a lower layer, made once per build. */
export async function installedLayer(out = join(REPO, 'out')): Promise<string> {
  if (!existsSync(join(out, 'goodboot.mjs'))) throw new Error(`${out}/goodboot.mjs is missing: npm run build`);
  const layers = join(CACHE, 'layers');
  const layer = join(layers, await buildKey(out));
  return withLock(join(CACHE, 'layers.lock'), async () => {
    await mkdir(layers, { recursive: true });
    for (const name of await readdir(layers)) {
      const unused = Date.now() - (await stat(join(layers, name))).mtimeMs;
      if (unused > DAY_MS) await rm(join(layers, name), { recursive: true });
    }
    if (!existsSync(layer)) {
      const made = await mkdtemp(join(layers, 'new-'));
      await must([process.execPath, join(REPO, 'tools/install.mjs'), made, '--link', '--out', out], {
        timeoutMs: 60_000,
      });
      await rename(made, layer);
    }
    await utimes(layer, new Date(), new Date()); // used now: not to be removed today
    return layer;
  });
}
