import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, realpath, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CACHE } from './rootfs.ts';
import { must, withLock } from './run.ts';

const REPO = resolve(import.meta.dirname, '../..');
const LAYERS = join(CACHE, 'layers');
const DAY_MS = 86_400_000;

/** What is built for this machine, and is tested: the executable with the library that lies beside it. */
export const PROGRAMS = join(REPO, 'out', process.arch === 'arm64' ? 'aarch64' : 'x86_64');
/** A Node for the lab's own programs in a machine: goodboot brings none that runs others'. */
export const LAB_NODE = '/usr/lib/lab/node';

/** The path of a directory that holds the installed project and nothing else: a lower layer, made once per build. */
export async function installedLayer(programs = PROGRAMS): Promise<string> {
  const executable = join(programs, 'goodboot');
  if (!existsSync(executable)) throw new Error(`${executable} is missing: npm run build`);
  return layerOf('installed', [executable, join(programs, 'libatomic.so.1')], async (made) => {
    // What is built to be stopped in the middle is told where by a file on this machine.
    await must([executable, '--root', made, 'install'], { timeoutMs: 60_000 });
  });
}

/** The path of a directory with what the lab's own programs need in a machine. */
export async function labLayer(): Promise<string> {
  const node = await realpath(join(REPO, 'node_modules/.bin/node'));
  return layerOf('lab', [node], async (made) => {
    await mkdir(join(made, LAB_NODE, '..'), { recursive: true });
    await copyFile(node, join(made, LAB_NODE));
  });
}

/** A directory that `make` fills when nothing is there for these sources: files, whose content counts, or words. */
export async function layerOf(
  name: string,
  sources: readonly string[],
  make: (into: string) => Promise<void>,
): Promise<string> {
  const layer = join(LAYERS, `${name}-${await digestOf(sources)}`);
  return withLock(join(CACHE, 'layers.lock'), async () => {
    await mkdir(LAYERS, { recursive: true });
    for (const entry of await readdir(LAYERS)) {
      const unused = Date.now() - (await stat(join(LAYERS, entry))).mtimeMs;
      if (unused > DAY_MS) await rm(join(LAYERS, entry), { recursive: true });
    }
    if (!existsSync(layer)) {
      const made = await mkdtemp(join(LAYERS, 'new-'));
      await make(made);
      await rename(made, layer);
    }
    await utimes(layer, new Date(), new Date()); // used now: not to be removed today
    return layer;
  });
}

async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(basename(file));
    if (!file.startsWith('/')) continue;
    await pipeline(createReadStream(file), hash, { end: false });
  }
  return hash.digest('hex').slice(0, 12);
}
