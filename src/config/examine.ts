import * as v from 'valibot';
import { nearest } from '../core/nearest.ts';
import type { Key } from './tree.ts';

/** What is wrong with one value, before it is known in which file and line it stands. */
export interface Issue {
  readonly keys: readonly Key[];
  /** Where it stands when the file at fault does not write `keys`: the other side of a contradiction. */
  readonly or?: readonly Key[];
  readonly message: string;
}

/** Unknown keys are found one at a time; a file with more of them has other troubles. */
const MAX_UNKNOWN_KEYS = 50;

type SchemaIssue = v.BaseIssue<unknown>;

/**
 * Validates `value` and words what is wrong for people. Unknown keys are taken out of `value`, so that all of
 * them are found, and what else is wrong too. `siblings` are keys that may stand beside those of the schema.
 */
export function examine<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  siblings: readonly string[] = [],
): { readonly output: v.InferOutput<Schema> | null; readonly issues: readonly Issue[] } {
  const unknown: Issue[] = [];
  const known = (keys: readonly Key[]): readonly string[] =>
    keys.length === 0 ? [...knownKeys(schema, keys), ...siblings] : knownKeys(schema, keys);
  const lists = listsForMaps(schema, value);
  if (lists.length > 0) return { output: null, issues: lists };
  for (let round = 0; ; round += 1) {
    const result = v.safeParse(schema, value);
    if (result.success) return { output: unknown.length === 0 ? result.output : null, issues: unknown };
    const strangers = result.issues.filter(isUnknownKey);
    if (strangers.length === 0 || round === MAX_UNKNOWN_KEYS) {
      return { output: null, issues: [...unknown, ...result.issues.flatMap((issue) => explain(issue, known))] };
    }
    unknown.push(...strangers.flatMap((issue) => explain(issue, known)));
    strangers.forEach(remove);
  }
}

/** ` (did you mean X?)`, or else the words that are known. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== null) return ` (did you mean ${near}?)`;
  return known.length === 0 ? '' : `; known here: ${[...known].sort().join(', ')}`;
}

/** A value as it is quoted in a message. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a map' : String(value);
}

type KnownKeys = (keys: readonly Key[]) => readonly string[];

function explain(issue: SchemaIssue, known: KnownKeys, above: readonly Key[] = []): readonly Issue[] {
  const keys = [...above, ...keysOf(issue)];
  if (isUnknownKey(issue)) {
    return [{ keys, message: `unknown key${suggestion(String(keys.at(-1)), known(keys.slice(0, -1)))}` }];
  }
  // A union fails with the failures of all its options: one that got furthest was meant.
  const options = (issue.issues ?? []).filter((option) => !isMapOverList(option));
  const depth = options.reduce((most, option) => Math.max(most, option.path?.length ?? 0), 0);
  if (depth === 0) return [{ keys, message: wordingOf(issue) }];
  const deepest = options.filter((option) => option.path?.length === depth);
  return explain(deepest.find(isUnknownKey) ?? deepest[0]!, known, keys);
}

function wordingOf(issue: SchemaIssue): string {
  const seen = show(issue.input);
  if (issue.received === 'undefined') return 'missing: this key is needed';
  if (!issue.message.startsWith('Invalid '))
    return issue.message.startsWith('not ') ? `${seen} is ${issue.message}` : issue.message;
  const words = [...(issue.expected ?? '').matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
  if (words.length === 0) return `${seen} was given, ${wantedBy(issue)} was wanted`;
  const near = typeof issue.input === 'string' ? nearest(issue.input, words) : null;
  const meant = near === null ? '' : ` (did you mean ${near}?)`;
  return `${seen} was given, ${words.length === 1 ? words[0] : `one of ${words.join(', ')}`} was wanted${meant}`;
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  Array: 'a list',
  Object: 'a map',
};

function wantedBy(issue: SchemaIssue): string {
  const limit = 'requirement' in issue ? String(issue.requirement) : '';
  switch (issue.type) {
    case 'integer':
      return 'a whole number';
    case 'min_value':
      return `${limit} or more`;
    case 'max_value':
      return `${limit} or less`;
    case 'min_length':
      return `a length of ${limit} or more`;
    case 'max_length':
      return `a length of ${limit} or less`;
    default:
      return (issue.expected ?? 'something else')
        .replaceAll(/[()]/g, '')
        .replaceAll(/\w+/g, (word) => WORDS[word] ?? word)
        .replaceAll(' | ', ' or ');
  }
}

/** An option for a map that was tried on a list: to the library a list is an object too. */
const isMapOverList = ({ type, path }: SchemaIssue): boolean =>
  (type === 'strict_object' || type === 'record') && Array.isArray(path?.[0]?.input);

const isUnknownKey = (issue: SchemaIssue): boolean => issue.type === 'strict_object' && issue.expected === 'never';

function keysOf(issue: SchemaIssue): readonly Key[] {
  return (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}

function remove(issue: SchemaIssue): void {
  const item = issue.path?.at(-1);
  if (item !== undefined && typeof item.input === 'object' && item.input !== null)
    Reflect.deleteProperty(item.input, String(item.key));
}

/** The keys that a schema knows at a place, over all options of a union. */
function knownKeys(schema: unknown, keys: readonly Key[]): readonly string[] {
  const here = alternatives(schema);
  const [key, ...rest] = keys;
  if (key === undefined) return here.flatMap(({ entries }) => Object.keys(entries ?? {}));
  return here.flatMap(({ entries, value, item }) => knownKeys(entries?.[key] ?? value ?? item, rest));
}

/** Lists in places where only a map can stand. The library lets them through as maps without keys. */
function listsForMaps(schema: unknown, value: unknown, keys: readonly Key[] = []): readonly Issue[] {
  if (typeof value !== 'object' || value === null) return [];
  const here = alternatives(schema);
  if (Array.isArray(value) && here.length > 0 && here.every(({ entries, value: values }) => entries ?? values)) {
    return [{ keys, message: 'a list was given, a map was wanted' }];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    here.flatMap(({ entries, value: values, item }) =>
      listsForMaps(entries?.[key] ?? values ?? item, inner, [...keys, Array.isArray(value) ? Number(key) : key]),
    ),
  );
}

interface SchemaParts {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly value?: unknown;
  readonly item?: unknown;
  readonly wrapped?: unknown;
  readonly options?: readonly unknown[];
}

function alternatives(schema: unknown): readonly SchemaParts[] {
  if (typeof schema !== 'object' || schema === null) return [];
  // Schemas are plain objects; which of these parts one has depends on its kind, and all are optional here.
  const parts = schema as SchemaParts;
  if (parts.wrapped !== undefined) return alternatives(parts.wrapped);
  if (parts.options !== undefined) return parts.options.flatMap(alternatives);
  return [parts];
}
