import { open } from 'node:fs/promises';
import type { Files } from '../../ports/files.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Whether a file of this machine, and the one at a path of these files, hold the same bytes. An error where one is missing. */
export const sameBytesIn =
  (files: Files) =>
  async (from: string, path: string): Promise<boolean> =>
    sameBytes(from, await files.place(path));

/** Whether two files of this machine hold the same bytes. */
export async function sameBytes(from: string, place: string): Promise<boolean> {
  await using one = await open(from);
  await using other = await open(place);
  if ((await one.stat()).size !== (await other.stat()).size) return false;
  const [left, right] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)];
  for (;;) {
    const [{ bytesRead }, read] = await Promise.all([one.read(left), other.read(right)]);
    // Regular files: a read is short at the end only.
    if (bytesRead !== read.bytesRead || !left.subarray(0, bytesRead).equals(right.subarray(0, bytesRead))) return false;
    if (bytesRead === 0) return true;
  }
}

/** The first bytes of a file of this machine, and how long it is. */
export async function startOfFile(from: string, bytes: number): Promise<{ head: Buffer; sizeBytes: number }> {
  await using file = await open(from);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
  return { head: buffer.subarray(0, bytesRead), sizeBytes: (await file.stat()).size };
}
