import type { Verdict } from './decide.ts';
import type { End, LastBoot } from './last-boot.ts';
import type { LedgerResult } from './ledger.ts';
import { endOfBoot, type NodeState } from './node-state.ts';

/** One line of the journal of a boot. */
export interface EvidenceLine {
  readonly time: string;
  readonly priority: number;
  readonly from: string;
  readonly message: string;
  readonly event: string | null;
}

/** A boot that a trial spent, or several that left nothing to tell them apart. */
export interface SpentBoot {
  /** The boot's id; of boots that left none, `before-` and the id of the boot that found that out. */
  readonly id: string;
  readonly boots: number;
  readonly deployment: string;
  /** Null: not known. */
  readonly ended: End | null;
  /** The newest verdict; null: none. Left out: not known. */
  readonly verdict?: Verdict | null;
}

/** What was left of such a boot: kept apart from the journal, which forgets. */
export interface Evidence extends SpentBoot {
  readonly v: 1;
  /** When it was collected, and by which boot. ISO 8601. */
  readonly time: string;
  readonly collectedIn: string;
  /** `absent`: the journal has nothing of it, since it never came to userspace or the journal is not kept. */
  readonly journal: 'read' | 'absent' | 'unreadable';
  /** Why the journal could not be read; else empty. */
  readonly trouble: string;
  /** What the checks said, by the ledger. */
  readonly results: readonly LedgerResult[];
  /** What goodboot wrote in that boot. */
  readonly events: readonly EvidenceLine[];
  /** The newest lines of priority err and worse. */
  readonly errors: readonly EvidenceLine[];
  /** The newest lines of any kind. */
  readonly lines: readonly EvidenceLine[];
  /** The kernel's last words, where it left them. */
  readonly crashes: readonly { readonly record: string; readonly text: string }[];
  /** Oldest lines that were left out, so that it is not too large. */
  readonly leftOut: number;
}

/** Everything that tells which boots a trial has spent. */
export interface SpentFacts {
  readonly state: NodeState;
  readonly deployment: string;
  /** The boot that asks. */
  readonly bootId: string;
  readonly last: LastBoot | null;
  /** Boots that the journal knows, oldest first; null: it cannot be read. */
  readonly journalIds: readonly string[] | null;
  readonly hasCrashRecords: boolean;
}

/**
 * The boots of a deployment since it was last good and shut down, oldest first: those that were noted, then those that
 * only the journal knows, then those that only the boot loader has counted.
 */
export function spentBoots({
  state,
  deployment,
  bootId,
  last,
  journalIds,
  hasCrashRecords,
}: SpentFacts): readonly SpentBoot[] {
  const own = state.boots.filter((boot) => boot.deployment === deployment && boot.ended !== null);
  const good = own.findLastIndex(({ ended, verdict }) => ended === 'clean' && verdict === 'good');
  const noted = own.slice(good + 1).map((boot) => {
    const { bootId: id, verdict } = boot;
    return { id, boots: 1, deployment, ended: endOfBoot(boot), ...(verdict === undefined ? {} : { verdict }) };
  });
  const unseen = last?.unseen ?? 0;
  const since = journalIds === null || last === null ? [] : journalIds.slice(journalIds.indexOf(last.bootId) + 1);
  const known = new Set([bootId, ...state.boots.map((boot) => boot.bootId)]);
  const told = unseen === 0 ? [] : since.filter((id) => !known.has(id)).slice(-unseen);
  const left = unseen - told.length;
  // The kernel's record is of one of them, and most likely of one that did not come to userspace.
  const ended: End | null = hasCrashRecords ? 'panic' : null;
  return [
    ...noted,
    ...told.map((id) => ({ id, boots: 1, deployment, ended: left === 0 && id === told.at(-1) ? ended : null })),
    ...(left === 0 ? [] : [{ id: `before-${bootId}`, boots: left, deployment, ended }]),
  ];
}

/** What may be left out, in this order, the oldest first. */
const SPARE = ['lines', 'errors', 'events', 'crashes', 'results'] as const;

/** The text of a piece of evidence, at most that many bytes as far as leaving out lines can bring that about. */
export function evidenceText(evidence: Evidence, maxBytes: number): string {
  for (let kept = evidence; ; ) {
    const text = `${JSON.stringify(kept, null, 1)}\n`;
    const from = SPARE.find((name) => kept[name].length > 0);
    if (from === undefined || Buffer.byteLength(text) <= maxBytes) return text;
    const count = Math.ceil(kept[from].length / 4);
    kept = { ...kept, [from]: kept[from].slice(count), leftOut: kept.leftOut + count };
  }
}

type Values = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;

/** Null when the text is no evidence of this version. */
export function parseEvidence(text: string): Evidence | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isEvidence(value) ? value : null;
  } catch {
    return null;
  }
}

const LISTS = ['results', 'events', 'errors', 'lines', 'crashes'] as const;
const TEXTS = ['id', 'deployment', 'time', 'collectedIn', 'journal', 'trouble'] as const;

function isEvidence(value: Values): value is Values & Evidence {
  const lists = LISTS.map((name) => value[name]);
  return (
    value['v'] === 1 &&
    TEXTS.every((name) => typeof value[name] === 'string') &&
    ['boots', 'leftOut'].every((name) => typeof value[name] === 'number') &&
    lists.every((list) => Array.isArray(list) && list.every(isObject))
  );
}
