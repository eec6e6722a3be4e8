import { GoodbootError } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PART = /(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/gy;

/** Longest duration taken, 24 days: a timer overflows at 2^31 ms, and then fires at once. */
export const MAX_DURATION_MS = 24 * 86_400_000;

/**
 * Milliseconds of a duration as people write it: `90s`, `1m30s`, `1h 5m`, `250ms`. `0` needs no unit.
 * @throws GoodbootError DURATION_INVALID
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  let total = 0;
  let at = 0;
  PART.lastIndex = 0;
  for (let part = PART.exec(trimmed); part !== null; part = PART.exec(trimmed)) {
    total += Number(part[1]) * UNIT_MS[part[2]!]!;
    while (trimmed[PART.lastIndex] === ' ') PART.lastIndex += 1;
    at = PART.lastIndex;
  }
  if (at === 0 || at !== trimmed.length || total > MAX_DURATION_MS) {
    throw new GoodbootError('DURATION_INVALID', `"${text}" is not a duration such as 30s, 5m or 1h30m`);
  }
  return Math.round(total);
}

/** A duration as people read it, to two units: `12 ms`, `1.5 s`, `2 m 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`;
  for (const [unit, below, size, next] of [
    ['m', 3_600_000, 60_000, 's'],
    ['h', 86_400_000, 3_600_000, 'm'],
    ['d', Number.POSITIVE_INFINITY, 86_400_000, 'h'],
  ] as const) {
    if (ms >= below) continue;
    const whole = Math.floor(ms / size);
    const rest = Math.floor((ms % size) / UNIT_MS[next]!);
    return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${next}`;
  }
  return `${ms} ms`;
}
