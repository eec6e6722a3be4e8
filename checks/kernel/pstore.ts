import { GoodbootError } from '../../src/core/errors.ts';
import type { Files } from '../../src/ports/files.ts';

const KERNEL = '/sys/fs/pstore';
/** Where systemd-pstore.service moves the records to, one directory each. */
const ARCHIVE = '/var/lib/systemd/pstore';

/**
 * Crash records that were found since this boot: still in the kernel's store, or archived since. Only the kernel's
 * last messages (`dmesg…`) tell of a crash; a console log is kept after every boot.
 */
export async function newCrashRecords(files: Files): Promise<readonly string[]> {
  const kept = (await files.list(KERNEL)) ?? [];
  const bootMs = await bootTimeMs(files);
  const archived = ((await files.list(ARCHIVE)) ?? []).map((name) => `${ARCHIVE}/${name}`);
  const changes = await Promise.all(archived.map(async (path) => ({ path, info: await files.info(path) })));
  const fresh = changes.filter(({ info }) => (info?.modifiedMs ?? 0) >= bootMs).map(({ path }) => path);
  const told = await Promise.all(fresh.map(async (path) => ((await hasDmesg(files, path, 3)) ? [path] : [])));
  return [...kept.filter(isDmesg).map((name) => `${KERNEL}/${name}`), ...told.flat()];
}

/** systemd makes it at the very beginning; its time is what the clock said then. */
const EARLY = '/run/systemd/private';

/**
 * The start of this boot by the wall clock, milliseconds since 1970. The kernel's own answer moves when the clock is set,
 * the times of files do not: the older of the two is taken, so that no record is missed.
 */
async function bootTimeMs(files: Files): Promise<number> {
  const text = await files.readText('/proc/stat');
  const seconds = /^btime (\d+)$/m.exec(text ?? '')?.[1];
  if (seconds === undefined) throw new GoodbootError('FILE_UNREADABLE', '/proc/stat: has no btime');
  const early = await files.info(EARLY);
  return Math.min(Number(seconds) * 1000, early?.modifiedMs ?? Number.POSITIVE_INFINITY);
}

const isDmesg = (name: string): boolean => name.startsWith('dmesg');

/** Whether a file, or one in a directory and the `depth` levels below it, holds kernel messages. */
async function hasDmesg(files: Files, path: string, depth: number): Promise<boolean> {
  if (isDmesg(path.slice(path.lastIndexOf('/') + 1))) return true;
  if (depth === 0 || (await files.info(path))?.kind !== 'directory') return false;
  const names = (await files.list(path)) ?? [];
  const found = await Promise.all(names.map((name) => hasDmesg(files, `${path}/${name}`, depth - 1)));
  return found.includes(true);
}
