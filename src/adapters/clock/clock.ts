import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** Longest time that one timer takes; above it Node fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The machine's clock. `monotonicMs` is CLOCK_MONOTONIC, which does not count time spent suspended;
 * `/proc/uptime` is CLOCK_BOOTTIME, which does: do not mix them.
 */
export function makeClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
    sleep,
  };
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    for (let left = ms; left > 0; left -= MAX_TIMER_MS) {
      await setTimeout(Math.min(left, MAX_TIMER_MS), undefined, { signal });
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
  signal.throwIfAborted();
}
