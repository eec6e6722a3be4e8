import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';

/** Makes the names in a directory durable: a new, renamed or removed file is lost to a power cut without it. */
export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync();
}

/** A name that nothing else uses, in the directory of `path`. Made without node:crypto, which takes 7 ms to load. */
export const nameBeside = (path: string): string =>
  join(dirname(path), `.${basename(path).slice(0, 200)}.${Math.random().toString(36).slice(2)}`);

/** Makes something beside `path`, moves it there in one step, syncs. What was half made is removed. */
export async function placeDurably(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const beside = nameBeside(path);
  try {
    await make(beside);
    await fs.rename(beside, path);
  } catch (thrown) {
    await fs.rm(beside, { force: true });
    throw thrown;
  }
  await syncDirectory(dirname(path));
}

/** Writes a file that must not exist yet, with exactly that mode, and syncs it. */
export async function writeNew(path: string, content: string, mode: number): Promise<void> {
  await using file = await fs.open(path, 'wx', mode);
  await file.chmod(mode);
  await file.writeFile(content);
  await file.sync();
}

/** Copies a file, whatever its size, to one that must not exist yet, with exactly that mode, and syncs it. */
export async function copyNew(from: string, path: string, mode: number): Promise<void> {
  await fs.copyFile(from, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await using file = await fs.open(path, 'r+');
  await file.chmod(mode);
  await file.sync();
}

/** Appends in one write and syncs; a file or directory that was made for it is durable too. */
export async function appendDurably(path: string, content: string, mode: number): Promise<void> {
  const { file, created } = await openToAppend(path, mode);
  await using _ = file;
  const bytes = Buffer.from(content);
  const { bytesWritten } = await file.write(bytes);
  if (bytesWritten !== bytes.length) throw Object.assign(new Error('ENOSPC: written in part'), { code: 'ENOSPC' });
  await file.sync();
  if (created) await syncDirectory(dirname(path));
}

async function openToAppend(path: string, mode: number): Promise<{ file: fs.FileHandle; created: boolean }> {
  const append = constants.O_WRONLY | constants.O_APPEND;
  try {
    return { file: await fs.open(path, append), created: false };
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
    await makeDirectoryDurably(dirname(path), 0o755);
    return { file: await fs.open(path, append | constants.O_CREAT, mode), created: true };
  }
}

/**
 * Makes a directory and those above it, each with exactly that mode, and syncs every directory that got a new name. Not
 * by `recursive: true`, which answers ENOENT on a read-only file system.
 */
export async function makeDirectoryDurably(path: string, mode: number): Promise<void> {
  if (await makeDirectory(path, mode)) return;
  if (path !== dirname(path)) await makeDirectoryDurably(dirname(path), mode);
  // Asked once more only: in /proc, and in a directory that was removed, there is no end to it.
  if (!(await makeDirectory(path, mode))) throw Object.assign(new Error(`ENOENT: mkdir ${path}`), { code: 'ENOENT' });
}

/** False: the directory that it belongs into is not there. */
async function makeDirectory(path: string, mode: number): Promise<boolean> {
  try {
    await fs.mkdir(path, { mode });
    // The umask of a login has taken bits away, and checks run as another user.
    await fs.chmod(path, mode);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT') return false;
    if (errno === 'EEXIST' && (await fs.stat(path)).isDirectory()) return true;
    throw thrown;
  }
  await syncDirectory(dirname(path));
  return true;
}
