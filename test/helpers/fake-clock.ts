import type { Clock } from '../../src/ports/clock.ts';

/** A clock that moves only when somebody sleeps. */
export function fakeClock(startMs = 1_000_000): Clock & { advance(ms: number): void } {
  let monotonic = startMs;
  return {
    now: () => Date.UTC(2026, 10, 21) + monotonic,
    monotonicMs: () => monotonic,
    async sleep(ms) {
      monotonic += ms;
    },
    advance(ms) {
      monotonic += ms;
    },
  };
}
