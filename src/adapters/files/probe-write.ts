import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { errnoOf } from '../../core/errors.ts';
import { nameBeside } from './durable.ts';

/** The bit that open(2) calls __O_TMPFILE; O_TMPFILE is that and O_DIRECTORY, which differs between machines. */
const TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** Writes one block into a directory and syncs it, without leaving anything. Throws the errno that the disk answers with. */
export async function probeWrite(directory: string): Promise<void> {
  await using file = await openNameless(directory);
  await file.writeFile(Buffer.alloc(4096));
  await file.sync();
}

/** A file without a name; where the file system cannot (vfat, NFS), one whose name is removed before it is written. */
async function openNameless(directory: string): Promise<fs.FileHandle> {
  try {
    return await fs.open(directory, TMPFILE | constants.O_WRONLY, 0o600);
  } catch (thrown) {
    if (!['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL'].includes(errnoOf(thrown) ?? '')) throw thrown;
    const path = nameBeside(`${directory}/probe`);
    const file = await fs.open(path, 'wx', 0o600);
    await fs.unlink(path);
    return file;
  }
}
