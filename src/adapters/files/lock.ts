import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import { GoodbootError } from '../../core/errors.ts';
import { makeDirectoryDurably } from './durable.ts';

/** sys/file.h: LOCK_EX | LOCK_NB. */
const EXCLUSIVE_OR_NOT_AT_ALL = 2 | 4;
/** Asked again after that long: whoever holds it writes one small file. */
const PAUSE_MS = 10;

/**
 * Takes the lock of the file at `place`, which is made when it is not there, and stays. Closing the handle gives the lock
 * back. The kernel takes it from a process that dies (flock(2)); a program that this one starts does not inherit it.
 * @throws GoodbootError FILE_LOCKED, LIBRARY_MISSING, or the errno of the disk
 */
export async function takeLock(place: string, waitMs: number): Promise<fs.FileHandle> {
  await makeDirectoryDurably(dirname(place), 0o755);
  const file = await fs.open(place, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    // Loaded by whoever writes: most commands do not.
    const { libc } = await import('../ffi/libc.ts');
    const { flock, errno } = libc();
    const giveUp = performance.now() + waitMs;
    while (flock(file.fd, EXCLUSIVE_OR_NOT_AT_ALL) !== 0) {
      // Read at once: whatever runs in between may set another.
      const code = getSystemErrorName(-errno());
      if (code !== 'EAGAIN') throw Object.assign(new Error(`${code}: it cannot be locked`), { code });
      if (performance.now() > giveUp) {
        const holder = await holderOf((await file.stat()).ino);
        throw new GoodbootError('FILE_LOCKED', `${place}: held by ${holder} for more than ${waitMs / 1000} s`);
      }
      await sleep(PAUSE_MS);
    }
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** Who holds it, as far as the kernel tells it here. */
async function holderOf(inode: number): Promise<string> {
  const locks = await fs.readFile('/proc/locks', 'utf8').catch(() => '');
  const pid = new RegExp(`^\\d+: FLOCK +\\S+ +WRITE (\\d+) [0-9a-f]+:[0-9a-f]+:${inode} `, 'm').exec(locks)?.[1];
  return pid === undefined ? 'another process' : `process ${pid}`;
}
