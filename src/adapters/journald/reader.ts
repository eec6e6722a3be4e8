import { getSystemErrorName } from 'node:util';
import { GoodbootError } from '../../core/errors.ts';
import type { JournalEntry, JournalQuery } from '../../ports/journal.ts';
import { libsystemd } from './libsystemd.ts';

const MAX_ENTRIES = 1000;
/** Kept of one field; a core dump's backtrace is longer, and of no use here. */
const MAX_FIELD_BYTES = 64 * 1024;
/** journald itself takes no more fields in one entry. */
const MAX_FIELDS = 1024;
const POINTER_BYTES = 8;

/** sd-journal.h: only files of this machine. */
const SD_JOURNAL_LOCAL_ONLY = 1;

type Library = ReturnType<typeof libsystemd>;
type Handle = bigint;

/**
 * The newest entries that match, oldest first.
 * @throws GoodbootError LIBRARY_MISSING, FILE_UNREADABLE
 */
export function readJournal({ matches, last }: JournalQuery): readonly JournalEntry[] {
  const library = libsystemd();
  const journal = openJournal(library);
  try {
    for (const match of matches) check(library.sd_journal_add_match(journal, match, 0n), `match ${match}`);
    check(library.sd_journal_seek_tail(journal), 'seek to the end');
    const wanted = Math.min(last, MAX_ENTRIES);
    if (wanted < 1 || check(library.sd_journal_previous_skip(journal, BigInt(wanted)), 'seek back') === 0) return [];
    const entries: JournalEntry[] = [];
    do entries.push(readEntry(library, journal));
    while (entries.length < wanted && check(library.sd_journal_next(journal), 'next entry') > 0);
    return entries;
  } finally {
    library.sd_journal_close(journal);
  }
}

function openJournal(library: Library): Handle {
  const handle = Buffer.alloc(POINTER_BYTES);
  check(library.sd_journal_open(handle, SD_JOURNAL_LOCAL_ONLY), 'open');
  return handle.readBigUInt64LE();
}

function readEntry(library: Library, journal: Handle): JournalEntry {
  const time = Buffer.alloc(8);
  check(library.sd_journal_get_realtime_usec(journal, time), 'time of an entry');
  const fields: Record<string, string> = {};
  const [address, length] = [Buffer.alloc(POINTER_BYTES), Buffer.alloc(8)];
  library.sd_journal_restart_data(journal);
  for (let count = 0; count < MAX_FIELDS; count += 1) {
    if (check(library.sd_journal_enumerate_available_data(journal, address, length), 'field of an entry') === 0) break;
    const bytes = Math.min(Number(length.readBigUInt64LE()), MAX_FIELD_BYTES);
    const field = library.ffi.toBuffer(address.readBigUInt64LE(), bytes, true).toString('utf8');
    const equals = field.indexOf('=');
    fields[field.slice(0, equals)] ??= field.slice(equals + 1);
  }
  const { MESSAGE: message = '', PRIORITY: priority = '6' } = fields;
  return { timeUsec: Number(time.readBigUInt64LE()), message, priority: Number(priority), fields };
}

/** The result of a call, or a throw: libsystemd answers -errno. */
function check(result: number, what: string): number {
  if (result < 0) throw new GoodbootError('FILE_UNREADABLE', `journal: ${what}: ${getSystemErrorName(result)}`);
  return result;
}
