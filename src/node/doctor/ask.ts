import type { Asked } from '../../core/doctor/finding.ts';
import { messageOf } from '../../core/errors.ts';

/** Longest time of one question: a disk, a bus or an engine that takes longer does not answer. */
const BOUND_MS = 30_000;

/**
 * Asks one thing, bounded, and never throws: whatever goes wrong is the reason why it could not be told. A question that
 * does not listen to the signal is left behind.
 */
export async function ask<Fact>(
  probe: (signal: AbortSignal) => Promise<Fact>,
  boundMs = BOUND_MS,
): Promise<Asked<Fact>> {
  const signal = AbortSignal.timeout(boundMs);
  try {
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`no answer within ${boundMs / 1000} s`)), { once: true });
    });
    return { seen: await Promise.race([probe(signal), late]) };
  } catch (error) {
    return { trouble: messageOf(error) };
  }
}

/** Asks only where that has a sense; else says why not. */
export const askUnless = async <Fact>(
  left: string | null,
  probe: (signal: AbortSignal) => Promise<Fact>,
): Promise<Asked<Fact>> => (left === null ? ask(probe) : { left });
