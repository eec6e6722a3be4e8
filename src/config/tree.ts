import type { Origin } from './problem.ts';

export type Key = string | number;

/** Configuration values that still know where each of them was written. */
export type Tree = ScalarTree | ListTree | MapTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  readonly origin: Origin;
}

export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly origin: Origin;
}

export interface MapTree {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Tree>;
  readonly origin: Origin;
}

export const scalar = (value: ScalarTree['value'], origin: Origin): ScalarTree => ({ kind: 'scalar', value, origin });
export const map = (entries: Iterable<readonly [string, Tree]>, origin: Origin): MapTree => ({
  kind: 'map',
  entries: new Map(entries),
  origin,
});

export const isNull = (tree: Tree | undefined): boolean => tree?.kind === 'scalar' && tree.value === null;

/** The entries of a map; none for everything else. */
export const entriesOf = (tree: Tree | undefined): ReadonlyMap<string, Tree> =>
  tree?.kind === 'map' ? tree.entries : new Map();

/** Merges as RFC 7396 does: maps by key, null removes a key (or stays, for a later merge), everything else is replaced. */
export function merge(base: Tree | undefined, patch: MapTree, nulls: 'remove' | 'keep' = 'remove'): MapTree {
  const merged = new Map(entriesOf(base));
  for (const [key, value] of patch.entries) {
    if (nulls === 'remove' && isNull(value)) merged.delete(key);
    else merged.set(key, value.kind === 'map' ? merge(merged.get(key), value, nulls) : value);
  }
  return map(merged, patch.origin);
}

/** The plain value. Keys that would reach a prototype do not occur: the parser refuses them. */
export function toValue(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(toValue);
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, value]) => [key, toValue(value)]));
  }
}

/** A tree of values that no file holds, such as built-in defaults. Undefined values are left out. */
export function fromEntries(values: object, file: string, path = ''): MapTree {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return map(
    known.map(([key, value]) => [key, fromValue(value, file, joinPath(path, [key]))] as const),
    { file, line: 0, column: 0, path },
  );
}

function fromValue(value: unknown, file: string, path: string): Tree {
  const origin = { file, line: 0, column: 0, path };
  if (Array.isArray(value)) return { kind: 'list', items: value.map((item) => fromValue(item, file, path)), origin };
  if (typeof value === 'object' && value !== null) return fromEntries(value, file, path);
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return scalar(isPlain ? value : null, origin);
}

/** The deepest tree that exists along `keys`, and the keys that lead on from there. */
export function follow(tree: Tree, keys: readonly Key[]): { readonly tree: Tree; readonly rest: readonly Key[] } {
  const [key, ...rest] = keys;
  if (key === undefined) return { tree, rest: [] };
  const next = tree.kind === 'list' ? tree.items[Number(key)] : entriesOf(tree).get(String(key));
  return next === undefined ? { tree, rest: keys } : follow(next, rest);
}

/** Every value that is not a map, by its path, with where it was written. */
export function originsOf(tree: Tree, path = ''): ReadonlyMap<string, Origin> {
  if (tree.kind !== 'map') return new Map([[path, tree.origin]]);
  return new Map([...tree.entries].flatMap(([key, value]) => [...originsOf(value, joinPath(path, [key]))]));
}

/** `checks.uplink.targets[0]`; keys that are not plain words are quoted, long ones are cut. */
export function joinPath(path: string, keys: readonly Key[]): string {
  return keys.reduce<string>((joined, key) => {
    if (typeof key === 'number') return `${joined}[${key}]`;
    return joined === '' ? showKey(key) : `${joined}.${showKey(key)}`;
  }, path);
}

const showKey = (key: string): string => (/^[\w@:.\\/*<-]{1,255}$/.test(key) ? key : JSON.stringify(key.slice(0, 80)));
