import { GoodbootError } from '../../core/errors.ts';
import type { SystemClock } from '../../ports/system-clock.ts';
import { libc } from '../ffi/libc.ts';

/** struct timex of adjtimex(2) where `long` has 64 bits. Its first field, `modes`, is 0: nothing is set, only read. */
export const TIMEX_SIZE = 208;
const MAXERROR_OFFSET = 24;

/** Without a time source the kernel lets the maximum error grow to this, and no further. */
const MAX_ERROR_USEC = 16_000_000;

/**
 * The wall clock as the kernel's NTP code knows it. As in `timedatectl`, it is synchronised while the maximum error is
 * below its ceiling: STA_UNSYNC also stands when a time service does not want the hardware clock to be set.
 */
export function makeSystemClock(): SystemClock {
  return {
    async state() {
      const timex = Buffer.alloc(TIMEX_SIZE);
      if (libc().adjtimex(timex) < 0) {
        throw new GoodbootError('CLOCK_UNREADABLE', 'adjtimex: the kernel refused to tell the state of the clock', {
          hint: 'a sandbox must allow the system calls adjtimex and clock_adjtime (ProtectClock= does not)',
        });
      }
      return parseTimex(timex);
    },
  };
}

/** The state in a filled struct timex. */
export function parseTimex(timex: Buffer): { readonly synchronised: boolean; readonly maxErrorMs: number } {
  const maxErrorUsec = Number(timex.readBigInt64LE(MAXERROR_OFFSET));
  return { synchronised: maxErrorUsec < MAX_ERROR_USEC, maxErrorMs: maxErrorUsec / 1000 };
}
