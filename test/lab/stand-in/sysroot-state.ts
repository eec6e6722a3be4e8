import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { checksumOf, type Layout, versionOf } from './layout.ts';

/** A deployment as libostree knows it. */
export interface StateEntry {
  readonly checksum: string;
  readonly version: string;
  readonly stateroot: string;
  readonly booted: boolean;
  readonly staged: boolean;
  readonly pinned: boolean;
  /** Made from a container image; what is layered is not. */
  readonly isImage: boolean;
}

/** What the stand-ins keep between calls: the deployments, and what is to go wrong next. */
export interface SysrootState {
  readonly entries: readonly StateEntry[];
  /** Each goes wrong as often as it is listed. */
  readonly faults: readonly string[];
}

export const stateOf = (layout: Layout, change: Partial<StateEntry> = {}): SysrootState => ({
  faults: [],
  entries: layout.map(({ n, booted, staged, pinned }) => ({
    checksum: checksumOf(n),
    version: `1.${n}`,
    stateroot: 'fedora',
    booted: booted === true,
    staged: staged === true,
    pinned: pinned === true,
    isImage: true,
    ...change,
  })),
});

export const loadState = (path: string): SysrootState => JSON.parse(readFileSync(path, 'utf8'));

/** The versions in boot order, a staged one with `s`. */
export const versionIn = (path: string): string =>
  loadState(path)
    .entries.map(({ checksum, staged }) => `${versionOf(checksum)}${staged ? 's' : ''}`)
    .join(' ');

export function saveState(path: string, state: SysrootState): void {
  writeFileSync(`${path}.new`, JSON.stringify(state, null, 2));
  renameSync(`${path}.new`, path);
}

/** Says whether that is to go wrong now, and takes it off the list. */
export function takeFault(path: string, fault: string): boolean {
  const state = loadState(path);
  const at = state.faults.indexOf(fault);
  if (at >= 0) saveState(path, { ...state, faults: state.faults.toSpliced(at, 1) });
  return at >= 0;
}

/** Writes deployments in a new order, as libostree does: a staged one that is not the first is gone. */
export function writeEntries(path: string, entries: readonly StateEntry[]): void {
  saveState(path, { ...loadState(path), entries: entries.filter(({ staged }, at) => !staged || at === 0) });
}

/** `entry` first, all others behind it in their order. */
export const first = (entries: readonly StateEntry[], entry: StateEntry): readonly StateEntry[] => [
  entry,
  ...entries.filter((other) => other !== entry),
];

/** Pending: the first before the booted one; rollback: the first after it; of its stateroot. */
export function query(entries: readonly StateEntry[]): {
  readonly booted: StateEntry | undefined;
  readonly pending: StateEntry | undefined;
  readonly rollback: StateEntry | undefined;
} {
  const booted = entries.find((entry) => entry.booted);
  const same = entries.filter(({ stateroot }) => stateroot === booted?.stateroot);
  const at = same.findIndex((entry) => entry.booted);
  return { booted, pending: at > 0 ? same[0] : undefined, rollback: same[at + 1] };
}

/** As rpm-ostree rolls back. @throws with its words */
export function rpmOstreeRollback(entries: readonly StateEntry[]): readonly StateEntry[] {
  const { booted, pending, rollback } = query(entries);
  if (rollback === undefined && pending === undefined) throw new Error('No rollback deployment found');
  if (pending?.staged) throw new Error('Staged deployment (remove with cleanup -p)');
  return first(entries, rollback ?? booted!);
}

/** As `rpm-ostree cleanup --pending` does: whatever comes before the booted one and is neither pinned nor another's goes. */
export function rpmOstreeCleanup(entries: readonly StateEntry[]): readonly StateEntry[] {
  const at = entries.findIndex(({ booted }) => booted);
  const { stateroot } = entries[at]!;
  return entries.filter((entry, index) => index >= at || entry.pinned || entry.stateroot !== stateroot);
}

/** The slots of bootc: the first that is neither staged nor booted is the rollback, whichever side it stands on. */
export function bootcSlots(entries: readonly StateEntry[]): {
  readonly staged: StateEntry | null;
  readonly booted: StateEntry;
  readonly rollback: StateEntry | null;
  readonly others: readonly StateEntry[];
  readonly queued: boolean;
} {
  const booted = entries.find((entry) => entry.booted)!;
  const isSame = ({ stateroot }: StateEntry) => stateroot === booted.stateroot;
  const staged = entries.find((entry) => isSame(entry) && entry.staged) ?? null;
  const [rollback, ...rest] = entries.filter((entry) => isSame(entry) && entry !== booted && entry !== staged);
  return {
    staged,
    booted,
    rollback: rollback ?? null,
    others: [...rest, ...entries.filter((entry) => !isSame(entry))],
    queued: rollback !== undefined && entries.indexOf(rollback) < entries.indexOf(booted),
  };
}

/** As bootc rolls back: it swaps two, and a staged one is lost. @throws with its words */
export function bootcRollback(entries: readonly StateEntry[]): readonly StateEntry[] {
  const { booted, rollback, others, queued } = bootcSlots(entries);
  if (rollback === null) throw new Error('No rollback available');
  if (!rollback.isImage) throw new Error('Rollback is not container image based');
  return [...(queued ? [booted, rollback] : [rollback, booted]), ...others];
}
