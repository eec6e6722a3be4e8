import { GoodbootError } from '../../core/errors.ts';
import type { ContainerState } from '../../ports/containers.ts';

/** A JSON object of an engine, not yet looked into. */
export type Answer = Readonly<Record<string, unknown>>;

/** A PROGRAM_OUTPUT error: `who` answered something that is not understood. */
export const notUnderstood = (who: string, what: string, cause?: unknown): GoodbootError =>
  new GoodbootError('PROGRAM_OUTPUT', `${who}: ${what}`, { cause });

/** @throws GoodbootError PROGRAM_OUTPUT when the text is not JSON */
export function parseJson(who: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notUnderstood(who, 'the answer is not JSON', error);
  }
}

/** The array of objects that was wanted. @throws GoodbootError PROGRAM_OUTPUT */
export function answers(who: string, value: unknown): readonly Answer[] {
  if (!Array.isArray(value)) throw notUnderstood(who, 'the answer is not a list');
  return value.map((entry: unknown) => answer(who, entry));
}

/** The object that was wanted. @throws GoodbootError PROGRAM_OUTPUT */
export function answer(who: string, value: unknown): Answer {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notUnderstood(who, 'an object was wanted in the answer');
  }
  // Spreading keeps what is there and gives it an index signature without a cast.
  return { ...value };
}

/** A text that must be there. @throws GoodbootError PROGRAM_OUTPUT */
export function textIn(who: string, from: Answer, key: string): string {
  const value = from[key];
  if (typeof value !== 'string' || value === '') throw notUnderstood(who, `${key} is missing in the answer`);
  return value;
}

/** A number; what older engines do not tell is 0. @throws GoodbootError PROGRAM_OUTPUT when it is something else */
export function countIn(who: string, from: Answer, key: string): number {
  const value = from[key] ?? 0;
  if (typeof value !== 'number') throw notUnderstood(who, `${key} is not a number in the answer`);
  return value;
}

/** An engine's word for health. A word that says neither healthy nor unhealthy (`reset`, `stopped`) is not yet healthy. */
export function healthOf(word: string): NonNullable<ContainerState['health']> {
  return word === 'healthy' || word === 'unhealthy' ? word : 'starting';
}

/** Sorted by name, by code point. */
export const byName = (containers: readonly ContainerState[]): readonly ContainerState[] =>
  containers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
