import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { Traces } from '../../ports/traces.ts';
import { crashText, newCrashRecords } from './crash-records.ts';

const WATCHDOGS = '/sys/class/watchdog';
/** WDIOF_CARDRESET of linux/watchdog.h: the last reset came from the watchdog. */
const CARD_RESET = 0x20;

/** The traces in these files. */
export const makeTraces = (files: Files): Traces => ({
  crashRecords: () => newCrashRecords(files),
  crashText: (record, maxBytes) => crashText(files, record, maxBytes),
  async watchdogs() {
    const watchdogs = (await files.list(WATCHDOGS)) ?? [];
    const resets: string[] = [];
    for (const name of watchdogs) {
      const path = `${WATCHDOGS}/${name}/bootstatus`;
      const text = (await files.readText(path))?.trim();
      // A driver older than the kernel's watchdog core has no such file.
      if (text === undefined) continue;
      if (!/^\d{1,10}$/.test(text)) throw new GoodbootError('FILE_UNREADABLE', `${path}: is not a number`);
      if ((Number(text) & CARD_RESET) !== 0) resets.push(name);
    }
    return { watchdogs, resets };
  },
});
