/** What the kernel knows about the wall clock (adjtimex(2)). */
export interface SystemClock {
  /** True: disciplined by a time source. The estimated maximum error is in milliseconds. */
  state(): Promise<{ readonly synchronised: boolean; readonly maxErrorMs: number }>;
}
