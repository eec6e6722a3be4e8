/** Time, injected so that waiting can be tested without waiting. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. Data, never order: it may jump. */
  now(): number;
  /** Milliseconds since the machine started (CLOCK_MONOTONIC): the clock that systemd's `…Monotonic` properties use. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted before. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
