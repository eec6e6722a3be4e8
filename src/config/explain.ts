import * as v from 'valibot';
import { Document, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { LoadedConfig } from './load.ts';
import { formatPlace, type Origin } from './problem.ts';
import type { Registry } from './schema.ts';
import { entriesOf, fromEntries, joinPath, type MapTree, map, merge, originsOf, toValue } from './tree.ts';

/** The configuration in effect as data: `goodboot config show --json`. */
export interface ShownConfig {
  readonly config: unknown;
  /** Where each value was written, by its path: `/etc/goodboot/config.yaml:7:5`, or `default`. */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * The configuration in effect as YAML in its long form, defaults included; it means the same when it is read again.
 * With `origins` each value says in a comment where it was written.
 */
export function showConfig(
  loaded: LoadedConfig,
  registry: Registry,
  { origins }: { readonly origins: boolean },
): string {
  const tree = withDefaults(loaded.merged, registry);
  const document = new Document(toValue(tree));
  if (origins) comment(document.contents, originsOf(tree), '');
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** The same as data. */
export function describeConfig(loaded: LoadedConfig, registry: Registry): ShownConfig {
  const tree = withDefaults(loaded.merged, registry);
  const origins = [...originsOf(tree)].map(([path, origin]) => [path, formatPlace(origin)]);
  return { config: toValue(tree), origins: Object.fromEntries(origins) };
}

function withDefaults(merged: MapTree, registry: Registry): MapTree {
  const checks = merged.entries.get('checks');
  const full = [...entriesOf(checks)].map(([name, check]) => {
    const type = check.kind === 'map' ? registry.get(String(toValue(check.entries.get('type') ?? check))) : undefined;
    if (type === undefined || check.kind !== 'map') return [name, check] as const;
    const own: unknown = v.getDefaults(type.schema);
    const defaults = { type: type.type, required: false, ...type.defaults, ...(typeof own === 'object' ? own : {}) };
    return [name, merge(fromEntries(defaults, 'default'), check)] as const;
  });
  return map([...merged.entries, ['checks', map(full, merged.origin)]], merged.origin);
}

/** Writes the origin behind each value. Lists are written in one line, so that it stands beside them. */
function comment(node: Node | null, origins: ReadonlyMap<string, Origin>, path: string): void {
  if (!isMap(node)) return;
  for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
    const here = joinPath(path, [isScalar(key) ? String(key.value) : '']);
    const origin = origins.get(here);
    if (isSeq(value)) value.flow = true;
    if (origin !== undefined && value !== null) value.comment = ` ${formatPlace(origin)}`;
    comment(value, origins, here);
  }
}
