import { distance } from 'fastest-levenshtein';

/** Longest word that is compared: nobody mistypes more, and the comparison is quadratic. */
const MAX_LENGTH = 64;

/** The candidate that a person most likely meant by `word` (a third of it mistyped at most), or null. The first of equals wins. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > MAX_LENGTH) return null;
  let best: string | null = null;
  let least = Math.min(word.length, Math.ceil(word.length / 3) + 1);
  for (const candidate of candidates) {
    const far = distance(word.toLowerCase(), candidate.toLowerCase());
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best;
}
