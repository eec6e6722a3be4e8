import { GoodbootError } from '../../core/errors.ts';

/** The one table of what is called in libc: a wrong signature is a crash without an exception. */
const SIGNATURES = {
  /** int adjtimex(struct timex *) */
  adjtimex: { arguments: ['pointer'], return: 'int32' },
  /** void _exit(int status) */
  _exit: { arguments: ['int32'], return: 'void' },
} as const;

/** What of libc has no equivalent in Node. Each returns what C returns; errno is not known. */
export interface Libc {
  adjtimex(timex: Buffer): number;
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
    return new ffi.DynamicLibrary(null).getFunctions(SIGNATURES);
  } catch (cause) {
    throw new GoodbootError('LIBRARY_MISSING', 'libc: cannot be called', { cause });
  }
}
