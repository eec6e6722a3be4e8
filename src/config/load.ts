import * as v from 'valibot';
import type { Files } from '../ports/files.ts';
import type { Issue } from './examine.ts';
import { parseFragment } from './parse.ts';
import { plan } from './plan.ts';
import { fault, type Origin, type Problem, warning, wholeFile } from './problem.ts';
import { type Registry, type Settings, settingsSchema } from './schema.ts';
import { BUILT_IN, SITE_FILE, type Slot, type Source, search } from './search.ts';
import { expand, withoutRetyped } from './shorthand.ts';
import { entriesOf, follow, fromEntries, joinPath, type MapTree, merge, originsOf } from './tree.ts';

/** Faults of one file that are told one by one. */
const MAX_FAULTS = 50;

/** A file of the search path and what became of it. */
export interface SourceState {
  readonly file: string;
  /** `empty` files say nothing; `masked` ones stand below a file of the same name; `left-out` ones have a problem. */
  readonly state: 'used' | 'empty' | 'masked' | 'left-out';
}

/** The configuration in effect, whatever was wrong with the files. */
export interface LoadedConfig {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
  /** In the order in which they were merged. */
  readonly sources: readonly SourceState[];
  /** Where each value in effect was written, by its path in the long form. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly merged: MapTree;
}

/** Reads and merges the configuration of a machine. A file that is not valid is left out as a whole, all others count. */
export async function loadConfig(files: Files, registry: Registry): Promise<LoadedConfig> {
  const { slots, problems } = await search(files);
  return assemble(slots, registry, problems);
}

/** The built-in defaults alone. */
export const loadDefaultConfig = (registry: Registry): LoadedConfig =>
  assemble([{ name: 'vendor', sources: [BUILT_IN] }], registry);

interface Step {
  readonly merged: MapTree;
  readonly settings: Settings;
}

/**
 * Merges slot by slot. Each file must be valid over the valid files below it, so what a file breaks is that file's
 * fault, also when a value of another file stops making sense; and a value that a later file covers is checked too.
 */
export function assemble(slots: readonly Slot[], registry: Registry, found: readonly Problem[] = []): LoadedConfig {
  const problems: Problem[] = [...found];
  const sources: SourceState[] = [];
  let step = start(registry);
  for (const slot of slots) {
    let isFilled = false;
    for (const source of slot.sources) {
      if (isFilled) {
        sources.push({ file: source.file, state: 'masked' });
        continue;
      }
      const next = apply(step, source, registry);
      problems.push(...next.problems);
      // A broken file masks nothing: the one that it would have replaced counts again.
      isFilled = next.step !== null;
      const filled = step.merged === next.step?.merged ? 'empty' : 'used';
      sources.push({ file: source.file, state: isFilled ? filled : 'left-out' });
      step = next.step ?? step;
    }
  }
  if (!step.settings.checks.some(({ required }) => required)) {
    problems.push(
      warning(
        'NO_REQUIRED_CHECK',
        wholeFile(SITE_FILE, 'checks'),
        'no check is required, so that every boot counts as good',
      ),
    );
  }
  return { settings: step.settings, problems, sources, origins: originsOf(step.merged), merged: step.merged };
}

function start(registry: Registry): Step {
  const merged = fromEntries(v.getDefaults(settingsSchema), 'default');
  const { settings } = plan(merged, registry);
  if (settings === null) throw new Error('the defaults of the schema do not satisfy the schema');
  return { merged, settings };
}

function apply(
  below: Step,
  { file, content }: Source,
  registry: Registry,
): { readonly step: Step | null; readonly problems: readonly Problem[] } {
  if (!(content instanceof Uint8Array)) return { step: null, problems: [content] };
  const fragment = parseFragment(file, content);
  if (fragment.tree.entries.size === 0) {
    return { step: fragment.problems.length === 0 ? below : null, problems: inShort(file, fragment.problems) };
  }
  const { tree, issues } = expand(fragment.tree);
  const merged = merge(withoutRetyped(below.merged, tree), tree);
  const planned = plan(merged, registry);
  const faults = [...fragment.problems, ...[...issues, ...planned.issues].map((issue) => locate(issue, tree))];
  if (faults.length > 0 || planned.settings === null)
    return { step: null, problems: inShort(file, faults.toSorted(byPlace)) };
  return { step: { merged, settings: planned.settings }, problems: removesNothing(tree, below.merged) };
}

/** A file with more faults is no configuration, and must not flood the journal. */
function inShort(file: string, faults: readonly Problem[]): readonly Problem[] {
  const more = faults.length - MAX_FAULTS;
  if (more <= 0) return faults;
  return [...faults.slice(0, MAX_FAULTS), fault('CONFIG_INVALID', wholeFile(file), `${more} more faults`)];
}

/** The place in the file at fault: that of the key, else of the deepest map that should hold it. */
function locate({ keys, or, message }: Issue, tree: MapTree): Problem {
  const here = follow(tree, keys);
  const there = or === undefined || here.rest.length === 0 ? here : follow(tree, or);
  const best = there.rest.length === 0 ? there : here;
  const { origin } = best.tree;
  return fault('CONFIG_INVALID', { ...origin, path: joinPath(origin.path, best.rest) }, message);
}

function removesNothing(tree: MapTree, below: MapTree): readonly Problem[] {
  const known = entriesOf(below.entries.get('checks'));
  return [...entriesOf(tree.entries.get('checks'))]
    .filter(([name, check]) => check.kind === 'scalar' && !known.has(name))
    .map(([name, { origin }]) => warning('CONFIG_IGNORED', origin, `there is no check ${name} to remove`));
}

const byPlace = (one: Problem, other: Problem): number => one.line - other.line || one.column - other.column;
