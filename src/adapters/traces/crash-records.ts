import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';

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
  const told = await Promise.all(fresh.map(async (path) => ((await hasDmesg(files, path)) ? [path] : [])));
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

/** Below a record, systemd-pstore makes at most this many levels of directories. */
const DEPTH = 3;

const hasDmesg = async (files: Files, path: string): Promise<boolean> => (await dmesgOf(files, path)).length > 0;

/** The files with kernel messages: the path itself, or what lies in a directory. */
async function dmesgOf(files: Files, path: string, depth = DEPTH): Promise<readonly string[]> {
  if (isDmesg(path.slice(path.lastIndexOf('/') + 1))) return [path];
  if (depth === 0 || (await files.info(path))?.kind !== 'directory') return [];
  const names = (await files.list(path)) ?? [];
  return (await Promise.all(names.map((name) => dmesgOf(files, `${path}/${name}`, depth - 1)))).flat();
}

/** The end of the kernel's last words in a record. Where systemd-pstore has put the parts together, those. */
export async function crashText(files: Files, record: string, maxBytes: number): Promise<string> {
  const parts = await dmesgOf(files, record);
  const whole = parts.find((path) => path.endsWith('/dmesg.txt')) ?? parts.at(-1);
  if (whole === undefined) return '';
  const size = (await files.info(whole))?.sizeBytes ?? 0;
  const bytes = await files.readBytes(whole, maxBytes, Math.max(0, size - maxBytes));
  return (bytes ?? Buffer.alloc(0)).subarray(0, maxBytes).toString('utf8');
}
