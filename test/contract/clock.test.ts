import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { libc } from '../../src/adapters/ffi/libc.ts';
import { makeSystemClock, parseTimex, TIMEX_SIZE } from '../../src/adapters/system-clock/system-clock.ts';

describe('the clock', () => {
  const clock = makeClock();

  it('tells the wall clock in milliseconds', () => {
    const before = Date.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(clock.now()).toBeLessThanOrEqual(Date.now());
  });

  it('counts from the start of the machine as CLOCK_MONOTONIC does', () => {
    const before = clock.monotonicMs();
    // The kernel writes its CLOCK_MONOTONIC there, for root.
    const nanoseconds = /^now at (\d+) nsecs$/m.exec(readFileSync('/proc/timer_list', 'utf8'))?.[1];
    const after = clock.monotonicMs();
    expect(Number(nanoseconds) / 1e6).toBeGreaterThanOrEqual(before);
    expect(Number(nanoseconds) / 1e6).toBeLessThanOrEqual(after);
  });

  it('sleeps for as long as it is told', async () => {
    const before = clock.monotonicMs();
    await clock.sleep(50, new AbortController().signal);
    expect(clock.monotonicMs() - before).toBeGreaterThan(49);
  });

  it.each([60_000, 2 ** 31])('wakes with the reason of its signal from a sleep of %i ms', async (ms) => {
    const over = new AbortController();
    const reason = new Error('the time of the probe is over');
    setTimeout(() => over.abort(reason), 20);
    await expect(clock.sleep(ms, over.signal)).rejects.toBe(reason);
  });

  it.each([0, 1])('does not sleep %i ms when its signal was aborted before', async (ms) => {
    const reason = new Error('over');
    await expect(clock.sleep(ms, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('the state of the system clock', () => {
  it('is read from the right places in struct timex', () => {
    const timex = Buffer.alloc(TIMEX_SIZE);
    const beforeMs = Date.now();
    const clockState = libc().adjtimex(timex);
    const afterMs = Date.now();
    expect(clockState).toBeGreaterThanOrEqual(0);
    expect(clockState).toBeLessThanOrEqual(5);
    // Fields around the one that is used have values known from elsewhere: the layout is the kernel's.
    const seconds = Number(timex.readBigInt64LE(72));
    expect(seconds).toBeGreaterThanOrEqual(Math.floor(beforeMs / 1000));
    expect(seconds).toBeLessThanOrEqual(afterMs / 1000);
    expect(Math.abs(Number(timex.readBigInt64LE(88)) - 10_000)).toBeLessThanOrEqual(1000);
    expect(timex.readInt32LE(0)).toBe(0);
  });

  it('agrees with the flag of the kernel: what is not synchronised has the largest error', async () => {
    const timex = Buffer.alloc(TIMEX_SIZE);
    const TIME_ERROR = 5;
    const unsynchronised = libc().adjtimex(timex) === TIME_ERROR;
    const state = await makeSystemClock().state();
    expect(state.maxErrorMs).toBeGreaterThan(0);
    expect(state.maxErrorMs).toBeLessThanOrEqual(16_000);
    if (!unsynchronised) expect(state.synchronised).toBe(true);
    expect(state).toEqual({ synchronised: state.maxErrorMs < 16_000, maxErrorMs: state.maxErrorMs });
  });

  it.each([
    { usec: 0n, synchronised: true, maxErrorMs: 0 },
    { usec: 1500n, synchronised: true, maxErrorMs: 1.5 },
    { usec: 15_999_999n, synchronised: true, maxErrorMs: 15_999.999 },
    { usec: 16_000_000n, synchronised: false, maxErrorMs: 16_000 },
  ])('is synchronised: $synchronised at a maximum error of $usec us', ({ usec, ...state }) => {
    const timex = Buffer.alloc(TIMEX_SIZE, 0xff);
    timex.writeBigInt64LE(usec, 24);
    expect(parseTimex(timex)).toEqual(state);
  });
});
