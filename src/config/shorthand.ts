import type { Issue } from './examine.ts';
import { KEYED_OPTIONS } from './schema.ts';
import { entriesOf, isNull, type MapTree, map, merge, scalar, type Tree } from './tree.ts';

/**
 * Writes the short forms out: `required.units` becomes the check `units`, `wanted.units` the check `wanted-units`, a
 * list of names a map of name to true. Values keep the place and the path that they were written with. What is
 * not a short form stays where it is, for the schema to refuse.
 */
export function expand(file: MapTree): { readonly tree: MapTree; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  // An empty section (all its lines commented out) says nothing. Merged as null, it would remove every check.
  const sections = [...file.entries].filter(([, value]) => !isNull(value));
  const checks = new Map<string, Tree>();
  const add = (name: string, check: Tree): void => {
    const value = isNull(check) ? scalar(false, check.origin) : withKeyedNames(name, check, issues);
    checks.set(name, value.kind === 'map' ? merge(checks.get(name), value, 'keep') : value);
  };
  const rest: [string, Tree][] = [];
  for (const [section, tree] of sections) {
    if ((section !== 'required' && section !== 'wanted') || tree.kind !== 'map') {
      if (section !== 'checks' || tree.kind !== 'map') rest.push([section, tree]);
      continue;
    }
    const kept = [...tree.entries].filter(([type, value]) => {
      const check = isNull(value) ? null : checkOf(type, value, section === 'required');
      if (check !== null) add(section === 'required' ? type : `wanted-${type}`, check);
      return check === null && !isNull(value);
    });
    if (kept.length > 0) rest.push([section, map(kept, tree.origin)]);
  }
  const long = file.entries.get('checks');
  for (const [name, check] of entriesOf(long)) add(name, check);
  // A `checks` in `rest` is none that can be merged, and must reach the schema.
  return { tree: map([['checks', map(checks, long?.origin ?? file.origin)], ...rest], file.origin), issues };
}

function checkOf(type: string, value: Tree, required: boolean): Tree | null {
  const { origin } = value;
  const head: [string, Tree][] = [
    ['type', scalar(type, origin)],
    ['required', scalar(required, origin)],
  ];
  if (KEYED_OPTIONS.includes(type)) return value.kind === 'scalar' ? null : map([...head, [type, value]], origin);
  if (type !== 'network') return null;
  if (value.kind === 'map') return map([...value.entries, ...head], origin);
  if (value.kind !== 'scalar' || typeof value.value !== 'boolean') return null;
  return value.value ? map(head, origin) : value;
}

function withKeyedNames(name: string, check: Tree, issues: Issue[]): Tree {
  if (check.kind !== 'map') return check;
  const entries = [...check.entries].map(([key, value]): [string, Tree] => {
    if (value.kind !== 'list' || !KEYED_OPTIONS.includes(key)) return [key, value];
    const named = value.items.flatMap((item): readonly [string, Tree][] => {
      if (item.kind === 'scalar' && item.value !== null) return [[String(item.value), scalar(true, item.origin)]];
      issues.push({ keys: ['checks', name, key], message: 'only names may stand in this list' });
      return [];
    });
    return [key, map(named, value.origin)];
  });
  return map(entries, check.origin);
}

/** Takes a check out of `base` when `patch` gives it another type: its old options mean nothing to the new one. */
export function withoutRetyped(base: MapTree, patch: MapTree): MapTree {
  const given = entriesOf(patch.entries.get('checks'));
  const checks = base.entries.get('checks');
  if (checks?.kind !== 'map') return base;
  const kept = [...checks.entries].filter(([name, check]) => {
    const type = typeOf(given.get(name));
    return type === null || type === typeOf(check);
  });
  return map([...base.entries, ['checks', map(kept, checks.origin)]], base.origin);
}

function typeOf(check: Tree | undefined): string | null {
  const type = entriesOf(check).get('type');
  return type?.kind === 'scalar' && typeof type.value === 'string' ? type.value : null;
}
