import { GoodbootError } from '../../core/errors.ts';

/** A JSON object, or a D-Bus dictionary, that was not yet looked into. */
export type Answer = Readonly<Record<string, unknown>>;

/** A PROGRAM_OUTPUT error: `who` answered something that is not understood. */
export const notUnderstood = (who: string, what: string, cause?: unknown): GoodbootError =>
  new GoodbootError('PROGRAM_OUTPUT', `${who}: ${what}`, { cause });

/** @throws GoodbootError PROGRAM_OUTPUT when the text is not a JSON object */
export function parseAnswer(who: string, text: string): Answer {
  try {
    return answer(who, JSON.parse(text));
  } catch (error) {
    throw error instanceof GoodbootError ? error : notUnderstood(who, 'the answer is not JSON', error);
  }
}

/** The object that was wanted. @throws GoodbootError PROGRAM_OUTPUT */
export function answer(who: string, value: unknown): Answer {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notUnderstood(who, 'an object was wanted in the answer');
  }
  // Spreading keeps what is there and gives it an index signature without a cast.
  return { ...value };
}

/** The array of objects that was wanted. @throws GoodbootError PROGRAM_OUTPUT */
export function answers(who: string, value: unknown): readonly Answer[] {
  if (!Array.isArray(value)) throw notUnderstood(who, 'a list was wanted in the answer');
  return value.map((entry: unknown) => answer(who, entry));
}

/** A text that must be there. @throws GoodbootError PROGRAM_OUTPUT */
export function textIn(who: string, from: Answer, key: string): string {
  const value = optionalTextIn(from, key);
  if (value === null) throw notUnderstood(who, `${key} is missing in the answer`);
  return value;
}

/** A text, or null when it is empty, missing or something else. */
export function optionalTextIn(from: Answer, key: string): string | null {
  const value = from[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A commit or a digest in lower-case hexadecimal. @throws GoodbootError PROGRAM_OUTPUT */
export function idIn(who: string, from: Answer, key: string): string {
  const id = textIn(who, from, key);
  if (/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/.test(id)) return id;
  throw notUnderstood(who, `${key} is "${id}", a checksum was wanted`);
}

/** A yes or no that must be there. @throws GoodbootError PROGRAM_OUTPUT */
export function flagIn(who: string, from: Answer, key: string): boolean {
  const value = from[key];
  if (typeof value !== 'boolean') throw notUnderstood(who, `${key} is neither true nor false in the answer`);
  return value;
}
