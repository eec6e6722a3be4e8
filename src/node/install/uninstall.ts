import { GoodbootError } from '../../core/errors.ts';
import { enabledUnits, layOut, PREFIXES, PRESET, type Prefix, recordPath } from '../../core/package/layout.ts';
import type { InstallRecord } from '../../core/package/record.ts';
import type { Files } from '../../ports/files.ts';
import type { Package } from '../../ports/package.ts';
import { DRILL } from '../drill/keep.ts';
import { isMigrated } from '../greenboot/migrate.ts';
import { LEDGER } from '../ledger.ts';
import { loadState } from '../state.ts';
import { WATCHERS } from './activate.ts';
import { leftovers, readRecord } from './install.ts';

/** What goodboot itself writes while it runs. The ledger stays. */
const OWN_STATE = '/var/lib/goodboot';
const VOLATILE = ['/run/goodboot', '/run/motd.d/boot-status', '/run/issue.d/60-goodboot.issue'] as const;
const KEPT = [LEDGER, `${LEDGER}.1`];
/** Written by people, so it stays. */
const SITE = '/etc/goodboot';

/** The program of a goodboot that the image, a package or an extension has brought. */
export const IMAGE_PROGRAM = '/usr/libexec/goodboot/goodboot';
const EXTENSION = '/usr/lib/extension-release.d/extension-release.goodboot';

export interface UninstallPlan {
  /** The image has goodboot too, and keeps it: that one goes on with what the node remembers. */
  readonly isInImage: boolean;
  /** Where goodboot is taken out; both, where neither is a part of an image that cannot be changed. */
  readonly prefixes: readonly Prefix[];
  /** Files and links, in the order of their removal. */
  readonly paths: readonly string[];
  /** Removed where they are empty then, innermost first. */
  readonly directories: readonly string[];
  /** What stays: the ledger, and what a person wrote. */
  readonly kept: readonly string[];
}

/**
 * What there is to take out.
 * @throws GoodbootError INSTALL_REFUSED while something is under way that only goodboot can bring to its end
 */
export async function planUninstall(files: Files, source: Package): Promise<UninstallPlan> {
  await refuseInTheMiddle(files);
  const records: [Prefix, InstallRecord][] = [];
  for (const prefix of PREFIXES) {
    const record = await readRecord(files, prefix);
    if (record !== null) records.push([prefix, record]);
  }
  const beside = records.filter(([prefix]) => prefix !== '/usr');
  const isInImage = await isOfImage(files, { isRecorded: beside.length < records.length });
  if (isInImage && beside.length === 0) {
    const units = enabledUnits(source.text(PRESET)).join(' ');
    // goodboot-end.service would put a staged update on trial when it is stopped, and nobody would judge it.
    const off = `systemctl stop ${WATCHERS.join(' ')}; systemctl disable ${units}; systemctl mask goodboot-end.service`;
    throw refuse('goodboot is a part of this image', `leave it out of the next image; until then: ${off}`);
  }
  const prefixes: Prefix[] = [];
  const paths: string[] = [];
  const directories: string[] = [];
  for (const [prefix, record] of isInImage ? beside : records) {
    prefixes.push(prefix);
    // Units first: what they start is there until nobody starts it any more.
    const laid = new Set([...layOut(prefix, source.files(), source.text).map(({ path }) => path), ...record.paths]);
    for (const path of [...laid].toReversed()) if ((await files.info(path)) !== null) paths.push(path);
    paths.push(...(await leftovers(files, prefix)), recordPath(prefix));
    directories.push(...record.directories.toReversed());
  }
  const state = ((await files.list(OWN_STATE)) ?? []).map((name) => `${OWN_STATE}/${name}`);
  const present: string[] = [];
  for (const path of VOLATILE) if ((await files.info(path)) !== null) present.push(path);
  const ours = isInImage ? [] : [...state.filter((path) => !KEPT.includes(path)), ...present];
  const site = (await files.info(SITE)) === null ? [] : await leavesOf(files, SITE);
  return {
    isInImage,
    prefixes,
    paths: [...paths, ...ours],
    directories,
    kept: [...state, ...site].filter((path) => !paths.includes(path) && !ours.includes(path)),
  };
}

/** @throws GoodbootError FILE_UNWRITABLE */
export async function uninstall(files: Files, plan: UninstallPlan): Promise<void> {
  for (const path of plan.paths) await files.remove(path);
  for (const directory of plan.directories) {
    if ((await files.list(directory))?.length === 0) await files.remove(directory);
  }
}

const refuse = (why: string, hint: string) => new GoodbootError('INSTALL_REFUSED', why, { hint });

/** Whether there is a goodboot that is not taken out of a running system: it came with an image, or a package. */
async function isOfImage(files: Files, { isRecorded }: { readonly isRecorded: boolean }): Promise<boolean> {
  if ((await files.info(EXTENSION)) !== null) {
    throw refuse('goodboot is in a system extension', 'take that away first: "Remove" in how-to/install-sysext.md');
  }
  // A damaged /usr may have lost either.
  if (!isRecorded) return (await files.info(IMAGE_PROGRAM)) !== null;
  try {
    await files.probeWrite('/usr');
    return false;
  } catch {
    return true;
  }
}

async function refuseInTheMiddle(files: Files): Promise<void> {
  const { trial } = await loadState(files);
  if (trial !== null) {
    throw refuse(
      `${trial.deployment} is on trial: GRUB would go on counting its boots, and nobody would mark it`,
      'let the trial end first (goodboot trial show), or take the staged update away',
    );
  }
  if ((await files.info(DRILL)) !== null) throw refuse('a drill is under way', 'goodboot drill show');
  if (await isMigrated(files)) {
    throw refuse('the scripts of greenboot are run by goodboot', 'first: goodboot migrate greenboot --revert');
  }
}

async function leavesOf(files: Files, directory: string): Promise<readonly string[]> {
  const leaves: string[] = [];
  for (const name of (await files.list(directory)) ?? []) {
    const path = `${directory}/${name}`;
    if ((await files.info(path))?.kind === 'directory') leaves.push(...(await leavesOf(files, path)));
    else leaves.push(path);
  }
  return leaves;
}
