import { open } from 'node:fs/promises';
import type { Files } from '../../ports/files.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Whether a file of this machine, and the one at a path of these files, hold the same bytes. An error where one is missing. */
export const sameBytesIn =
  (files: Files) =>
  async (from: string, path: string): Promise<boolean> => {
    await using one = await open(from);
    await using other = await open(await files.place(path));
    if ((await one.stat()).size !== (await other.stat()).size) return false;
    const [left, right] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)];
    for (;;) {
      const [{ bytesRead }, read] = await Promise.all([one.read(left), other.read(right)]);
      // Regular files: a read is short at the end only.
      if (bytesRead !== read.bytesRead || !left.subarray(0, bytesRead).equals(right.subarray(0, bytesRead)))
        return false;
      if (bytesRead === 0) return true;
    }
  };
