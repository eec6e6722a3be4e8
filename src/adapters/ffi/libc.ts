import { GoodbootError } from '../../core/errors.ts';

/** The one table of what is called in libc: a wrong signature is a crash without an exception. */
const SIGNATURES = {
  /** int adjtimex(struct timex *) */
  adjtimex: { arguments: ['pointer'], return: 'int32' },
  /** void _exit(int status) */
  _exit: { arguments: ['int32'], return: 'void' },
  /** int flock(int fd, int operation) */
  flock: { arguments: ['int32', 'int32'], return: 'int32' },
  /** int socket(int domain, int type, int protocol) */
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  /** ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length) */
  sendto: { arguments: ['int32', 'pointer', 'uint64', 'int32', 'pointer', 'uint32'], return: 'int64' },
  /** int close(int fd) */
  close: { arguments: ['int32'], return: 'int32' },
  /** int *__errno_location(void) */
  __errno_location: { arguments: [], return: 'pointer' },
} as const;

/** What of libc has no equivalent in Node. Each returns what C returns. */
export interface Libc {
  adjtimex(timex: Buffer): number;
  flock(fd: number, operation: number): number;
  socket(domain: number, type: number, protocol: number): number;
  sendto(fd: number, data: Buffer, size: bigint, flags: number, to: Buffer, length: number): bigint;
  close(fd: number): number;
  /** Why the call just before failed. */
  errno(): number;
  /** Ends the process here and now. */
  _exit(status: number): void;
}

let loaded: Libc | null = null;

/** Loads libc when first asked. @throws GoodbootError LIBRARY_MISSING */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  // Absent from older runtimes, and when FFI is switched off.
  const ffi: typeof import('node:ffi') | undefined = process.getBuiltinModule('node:ffi');
  if (ffi === undefined) throw new GoodbootError('LIBRARY_MISSING', 'node:ffi: this runtime does not have it');
  try {
    // Null: what this process is linked with anyway.
    const { __errno_location, ...functions } = new ffi.DynamicLibrary(null).getFunctions(SIGNATURES);
    return { ...functions, errno: () => ffi.getInt32(__errno_location()) };
  } catch (cause) {
    throw new GoodbootError('LIBRARY_MISSING', 'libc: cannot be called', { cause });
  }
}
