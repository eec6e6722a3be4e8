import { posix } from 'node:path';
import type { Files } from '../ports/files.ts';
import { assemble } from './load.ts';
import { formatProblem, type Problem } from './problem.ts';
import type { Registry } from './schema.ts';
import { BUILT_IN, ignored, isDropInName, readSource, SITE_FILE, type Slot, type Source, search } from './search.ts';

/** What `goodboot config check FILE` says of one file. It is valid when `inPlace` holds no error. */
export interface CheckedFile {
  readonly file: string;
  /** Over the built-in defaults only, as on a machine without any other file. */
  readonly alone: readonly Problem[];
  /** Over and under the files of this machine: what is wrong there because of this file, also in others. */
  readonly inPlace: readonly Problem[];
}

/**
 * Checks files before they ship: each alone, and in the place that its name gives it in /etc/goodboot. Paths are
 * absolute. `machine`: whose files count beside them, when they do not lie there (an image).
 */
export async function checkFiles(
  files: Files,
  registry: Registry,
  paths: readonly string[],
  machine: Files = files,
): Promise<readonly CheckedFile[]> {
  const { slots } = await search(machine);
  const builtIn: Slot = { name: 'vendor', sources: [BUILT_IN] };
  const checked: CheckedFile[] = [];
  for (const file of paths) {
    const source = await readSource(files, file);
    const isSite = posix.basename(file) === posix.basename(SITE_FILE);
    const naming = isSite || isDropInName(posix.basename(file)) ? [] : [ignored(file)];
    const without = new Set(assemble(otherThan(slots, file), registry).problems.map(formatProblem));
    const inPlace = assemble(placed(slots, source, isSite), registry).problems;
    checked.push({
      file,
      alone: [...naming, ...assemble([builtIn, { name: 'file', sources: [source] }], registry).problems],
      inPlace: [...naming, ...inPlace.filter((problem) => !without.has(formatProblem(problem)))],
    });
  }
  return checked;
}

const otherThan = (slots: readonly Slot[], file: string): readonly Slot[] =>
  slots.map(({ name, sources }) => ({ name, sources: sources.filter((source) => source.file !== file) }));

/** The slots with the file in front of those of its name, or in a new slot where its name sorts. */
function placed(slots: readonly Slot[], source: Source, isSite: boolean): readonly Slot[] {
  const name = isSite ? 'site' : posix.basename(source.file);
  const others = otherThan(slots, source.file);
  if (others.some((slot) => slot.name === name)) {
    return others.map((slot) => (slot.name === name ? { name, sources: [source, ...slot.sources] } : slot));
  }
  const [vendor, site, ...dropIns] = others;
  const all = [...dropIns, { name, sources: [source] }].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return [vendor, site, ...all].filter((slot) => slot !== undefined);
}
