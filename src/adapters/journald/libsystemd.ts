import { GoodbootError } from '../../core/errors.ts';

/**
 * The one table of what is called in libsystemd: a wrong signature is a crash without an exception. Everything
 * that has an `int` result answers -errno on failure.
 */
const SIGNATURES = {
  /** int sd_journal_sendv(const struct iovec *iov, int n) */
  sd_journal_sendv: { arguments: ['pointer', 'int32'], return: 'int32' },
  /** int sd_journal_open(sd_journal **ret, int flags) */
  sd_journal_open: { arguments: ['pointer', 'int32'], return: 'int32' },
  /** void sd_journal_close(sd_journal *j) */
  sd_journal_close: { arguments: ['pointer'], return: 'void' },
  /** int sd_journal_add_match(sd_journal *j, const void *data, size_t size) */
  sd_journal_add_match: { arguments: ['pointer', 'pointer', 'uint64'], return: 'int32' },
  /** int sd_journal_seek_tail(sd_journal *j) */
  sd_journal_seek_tail: { arguments: ['pointer'], return: 'int32' },
  /** int sd_journal_previous_skip(sd_journal *j, uint64_t skip) */
  sd_journal_previous_skip: { arguments: ['pointer', 'uint64'], return: 'int32' },
  /** int sd_journal_next(sd_journal *j) */
  sd_journal_next: { arguments: ['pointer'], return: 'int32' },
  /** int sd_journal_get_realtime_usec(sd_journal *j, uint64_t *ret) */
  sd_journal_get_realtime_usec: { arguments: ['pointer', 'pointer'], return: 'int32' },
  /** void sd_journal_restart_data(sd_journal *j) */
  sd_journal_restart_data: { arguments: ['pointer'], return: 'void' },
  /** int sd_journal_enumerate_available_data(sd_journal *j, const void **data, size_t *length) */
  sd_journal_enumerate_available_data: { arguments: ['pointer', 'pointer', 'pointer'], return: 'int32' },
} as const;

type Ffi = typeof import('node:ffi');

function load() {
  // Absent from older runtimes, and when FFI is switched off.
  const ffi = process.getBuiltinModule('node:ffi') as Ffi | undefined;
  if (ffi === undefined) throw new GoodbootError('LIBRARY_MISSING', 'node:ffi: this runtime does not have it');
  try {
    return { ffi, ...new ffi.DynamicLibrary('libsystemd.so.0').getFunctions(SIGNATURES) };
  } catch (cause) {
    throw new GoodbootError('LIBRARY_MISSING', 'libsystemd.so.0: cannot be loaded', { cause });
  }
}

let loaded: ReturnType<typeof load> | null = null;

/** libsystemd, loaded when first asked for. @throws GoodbootError LIBRARY_MISSING */
export function libsystemd(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}
