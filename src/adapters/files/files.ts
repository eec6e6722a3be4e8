import { constants, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type ErrorCode, errnoOf, GoodbootError } from '../../core/errors.ts';
import type { FileInfo, Files, Space } from '../../ports/files.ts';
import { appendDurably, makeDirectoryDurably, placeDurably, syncDirectory, writeNew } from './durable.ts';
import { resolveInRoot, targetOf } from './in-root.ts';
import { takeLock } from './lock.ts';
import { probeWrite } from './probe-write.ts';

/** A pipe or a terminal in the place of a file must not block the reader. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The files of this machine, or of a tree that is not booted. Below another root than `/`, links are resolved as that
 * tree would see them, so an absolute link never leads to this machine's own files; `resolve` alone does not look at links.
 */
export function makeFiles(root = '/'): Files {
  const at = (path: string, last: 'follow' | 'keep' = 'follow'): Promise<string> =>
    root === '/' ? Promise.resolve(resolve('/', path)) : resolveInRoot(root, path, last);

  /** Null for what does not exist; everything else is an error with the path in it. */
  const read = <T>(path: string, work: (place: string) => Promise<T>, last?: 'keep'): Promise<T | null> =>
    translated('FILE_UNREADABLE', path, async () => {
      try {
        return await work(await at(path, last));
      } catch (thrown) {
        if (isAbsent(thrown)) return null;
        throw thrown;
      }
    });

  const write = (path: string, work: (place: string) => Promise<void>, last?: 'keep'): Promise<void> =>
    translated('FILE_UNWRITABLE', path, async () => work(await at(path, last)));

  return {
    resolve: (path) => join(root, resolve('/', path)),
    readText: (path) => read(path, (place) => fs.readFile(place, { encoding: 'utf8', flag: READ })),
    readBytes: (path, maxBytes, start = 0) => read(path, (place) => readUpTo(place, maxBytes + 1, start)),
    list: (path) => read(path, async (place) => (await fs.readdir(place)).sort(byCodePoint)),
    info: (path, links) => (links === 'follow' ? read(path, infoOfTarget) : read(path, infoOf, 'keep')),
    place: (path) => translated('FILE_UNREADABLE', path, () => at(path)),
    space: (path) => read(path, spaceOf),
    readLink: (path) => read(path, targetOf, 'keep'),
    replace: (path, content, mode = 0o644) =>
      write(path, (place) => placeDurably(place, (beside) => writeNew(beside, content, mode)), 'keep'),
    append: (path, content, mode = 0o644) => write(path, (place) => appendDurably(place, content, mode)),
    truncate: (path, sizeBytes) => write(path, (place) => truncate(place, sizeBytes)),
    rename: (from, to) =>
      write(
        from,
        async (place) => {
          const target = await at(to, 'keep');
          await fs.rename(place, target);
          await syncDirectory(dirname(target));
          if (dirname(place) !== dirname(target)) await syncDirectory(dirname(place));
        },
        'keep',
      ),
    makeDirectory: (path, mode = 0o755) => write(path, (place) => makeDirectoryDurably(place, mode)),
    link: (target, path) => write(path, (place) => placeDurably(place, (beside) => fs.symlink(target, beside)), 'keep'),
    remove: (path) => write(path, remove, 'keep'),
    probeWrite: (directory) => write(directory, probeWrite),
    exclusively: async (path, waitMs, work) => {
      await using _ = await translated('FILE_UNWRITABLE', path, async () => takeLock(await at(path), waitMs));
      return await work();
    },
  };
}

async function translated<T>(code: ErrorCode, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof GoodbootError) throw cause;
    throw new GoodbootError(code, `${path}: ${errnoOf(cause) ?? 'failed'}`, { cause });
  }
}

const isAbsent = (thrown: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '');

/** UTF-8 sorts by code point; JavaScript strings do not. */
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function readUpTo(place: string, maxBytes: number, start: number): Promise<Buffer> {
  await using file = await fs.open(place, READ);
  const buffer = Buffer.alloc(maxBytes);
  let size = 0;
  while (size < maxBytes) {
    // A pipe has no positions.
    const { bytesRead } = await file.read(buffer, size, maxBytes - size, start === 0 ? null : start + size);
    if (bytesRead === 0) break;
    size += bytesRead;
  }
  return buffer.subarray(0, size);
}

const infoOf = async (place: string): Promise<FileInfo> => factsOf(await fs.lstat(place));
const infoOfTarget = async (place: string): Promise<FileInfo> => factsOf(await fs.stat(place));

function factsOf(stat: Stats): FileInfo {
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'other';
  return { kind, sizeBytes: stat.size, mode: stat.mode & 0o7777, modifiedMs: stat.mtimeMs };
}

async function spaceOf(place: string): Promise<Space> {
  const { frsize, blocks, bavail, files, ffree } = await fs.statfs(place);
  return { freeBytes: bavail * frsize, totalBytes: blocks * frsize, freeInodes: ffree, totalInodes: files };
}

async function truncate(place: string, sizeBytes: number): Promise<void> {
  await using file = await fs.open(place, 'r+');
  await file.truncate(sizeBytes);
  await file.sync();
}

async function remove(place: string): Promise<void> {
  try {
    await fs.rm(place, { recursive: true });
  } catch (thrown) {
    if (isAbsent(thrown)) return;
    throw thrown;
  }
  await syncDirectory(dirname(place));
}
