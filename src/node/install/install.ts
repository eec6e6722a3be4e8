import { GoodbootError } from '../../core/errors.ts';
import { isLeftover, layOut, type Placed, type Prefix, programsPath, recordPath } from '../../core/package/layout.ts';
import { type InstallRecord, parseRecord, recordText } from '../../core/package/record.ts';
import type { Files } from '../../ports/files.ts';
import type { Package } from '../../ports/package.ts';
import { type FileStart, verifyPrograms } from './verify.ts';

/** One thing that an installation does to the system. */
export interface InstallChange {
  readonly path: string;
  readonly change: 'write' | 'link' | 'remove';
}

export interface InstallPlan {
  readonly prefix: Prefix;
  readonly version: string;
  /** All of it, and what of that is not there yet as it should be. */
  readonly placed: readonly Placed[];
  readonly missing: readonly Placed[];
  /** What an earlier goodboot has put there, and this one has not; and what was half copied when the power was cut. */
  readonly stale: readonly string[];
  /** Directories that are not there, outermost first. */
  readonly directories: readonly string[];
  readonly before: InstallRecord | null;
}

/**
 * What there is to do so that goodboot is installed at a prefix. `programs`: the directory of this machine that holds
 * them; `same`: whether a file of this machine and an installed one have the same bytes.
 * @throws GoodbootError FILE_UNREADABLE, PACKAGE_BROKEN, INSTALL_REFUSED when the record of an earlier one is damaged, or
 * the programs are
 */
export async function planInstall(
  { files, source, programs, same, startOf, machine }: InstallDeps,
  prefix: Prefix,
  version: string,
): Promise<InstallPlan> {
  await verifyPrograms(startOf, programs, machine);
  const placed = layOut(prefix, source.files(), source.text);
  const before = await readRecord(files, prefix);
  const missing: Placed[] = [];
  for (const each of placed) if (!(await isThere(files, each, programs, same))) missing.push(each);
  const wanted = new Set(placed.map(({ path }) => path));
  const stale: string[] = [];
  for (const path of before?.paths ?? []) {
    if (!wanted.has(path) && (await files.info(path)) !== null) stale.push(path);
  }
  stale.push(...(await leftovers(files, prefix)));
  const directories = await absentParents(files, [...missing.map(({ path }) => path), recordPath(prefix)]);
  return { prefix, version, placed, missing, stale, directories, before };
}

export interface InstallDeps {
  readonly files: Files;
  readonly source: Package;
  readonly programs: string;
  readonly same: (from: string, path: string) => Promise<boolean>;
  readonly copyIn: (from: string, path: string, mode: number) => Promise<void>;
  /** The header of a program of this machine. */
  readonly startOf: (from: string) => Promise<FileStart>;
  /** What the programs must be for; null: another root may be of any machine. */
  readonly machine: string | null;
}

/** For people and machines: each thing that the plan changes. */
export const changesOf = ({ missing, stale }: InstallPlan): readonly InstallChange[] => [
  ...missing.map((each): InstallChange => ({ path: each.path, change: 'link' in each ? 'link' : 'write' })),
  ...stale.map((path): InstallChange => ({ path, change: 'remove' })),
];

/**
 * What has to have the label of its place once it is done. The directories too: what the next release puts there has
 * theirs from the start, also when the power is cut before it is labelled itself.
 */
export const labelledOf = ({ prefix, placed, directories, before }: InstallPlan): readonly string[] => [
  ...new Set([...(before?.directories ?? []), ...directories, ...placed.map(({ path }) => path), recordPath(prefix)]),
];

/**
 * Does it. Each file is replaced in one step, so that what runs keeps running, and what starts meanwhile starts the old
 * one or the new one. Cut short, it is done again from the start; until then the record names the old and the new files.
 * @throws GoodbootError FILE_UNWRITABLE, FILE_UNREADABLE
 */
export async function install(deps: InstallDeps, plan: InstallPlan): Promise<void> {
  const { files } = deps;
  const { prefix, version, before } = plan;
  const record: InstallRecord = {
    v: 1,
    version,
    prefix,
    paths: plan.placed.map(({ path }) => path).toSorted(),
    directories: [...new Set([...(before?.directories ?? []), ...plan.directories])],
    ...(before?.preset === undefined ? {} : { preset: before.preset }),
  };
  const path = recordPath(prefix);
  for (const directory of plan.directories) await files.makeDirectory(directory);
  if (before === null || plan.stale.length > 0 || plan.missing.length > 0) {
    const paths = [...new Set([...record.paths, ...plan.stale])].toSorted();
    await files.replace(path, recordText({ ...record, paths }));
  }
  for (const each of plan.missing) await put(deps, each);
  for (const stale of plan.stale) await files.remove(stale);
  if ((await files.readText(path)) !== recordText(record)) await files.replace(path, recordText(record));
}

/**
 * Those of the units that this node has never been given: only they are enabled. Asked before anything is installed. One
 * whose file is not there is new as well: the record is shared by deployments, which have an /etc of their own.
 */
export async function newUnits(
  files: Files,
  { placed, before }: InstallPlan,
  units: readonly string[],
): Promise<readonly string[]> {
  const fresh: string[] = [];
  for (const unit of units) {
    const path = placed.find((each) => each.path.endsWith(`/systemd/system/${unit}`))?.path;
    const isThere = path !== undefined && (await files.info(path)) !== null;
    if (!isThere || before?.preset?.includes(unit) !== true) fresh.push(unit);
  }
  return fresh;
}

/** Notes, after it was done, that the units were enabled. @throws GoodbootError FILE_UNWRITABLE */
export async function notePreset(files: Files, prefix: Prefix, units: readonly string[]): Promise<void> {
  const record = await readRecord(files, prefix);
  if (record === null) return;
  const text = recordText({ ...record, preset: units });
  if (text !== recordText(record)) await files.replace(recordPath(prefix), text);
}

/** @throws GoodbootError INSTALL_REFUSED: it is damaged, and so nobody knows what was put where */
export async function readRecord(files: Files, prefix: Prefix): Promise<InstallRecord | null> {
  const path = recordPath(prefix);
  const text = await files.readText(path);
  if (text === null) return null;
  const record = parseRecord(text);
  if (record?.prefix === prefix) return record;
  throw new GoodbootError('INSTALL_REFUSED', `${path}: no record of an installation`, {
    hint: `remove ${path}; what is installed is then replaced, and nothing of it taken out`,
  });
}

/** What was half copied when the power was cut. */
export async function leftovers(files: Files, prefix: Prefix): Promise<readonly string[]> {
  const directory = programsPath(prefix);
  return ((await files.list(directory)) ?? []).filter(isLeftover).map((name) => `${directory}/${name}`);
}

async function isThere(files: Files, each: Placed, programs: string, same: InstallDeps['same']): Promise<boolean> {
  if ('link' in each) return (await files.readLink(each.path)) === each.link;
  const info = await files.info(each.path);
  if (info?.kind !== 'file' || info.mode !== each.mode) return false;
  return 'program' in each
    ? same(`${programs}/${each.program}`, each.path)
    : (await files.readText(each.path)) === each.content;
}

async function put({ files, programs, copyIn }: InstallDeps, each: Placed): Promise<void> {
  if ('link' in each) await files.link(each.link, each.path);
  else if ('program' in each) await copyIn(`${programs}/${each.program}`, each.path, each.mode);
  else await files.replace(each.path, each.content, each.mode);
}

async function absentParents(files: Files, paths: readonly string[]): Promise<readonly string[]> {
  const absent = new Set<string>();
  for (const path of paths) {
    const above: string[] = [];
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
      if (absent.has(at) || (await files.info(at, 'follow')) !== null) break;
      above.push(at);
    }
    for (const directory of above.toReversed()) absent.add(directory);
  }
  return [...absent];
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
