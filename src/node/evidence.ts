import { GoodbootError, messageOf } from '../core/errors.ts';
import { type Evidence, evidenceText, parseEvidence, type SpentBoot, spentBoots } from '../core/evidence.ts';
import type { NodeState } from '../core/node-state.ts';
import type { Files } from '../ports/files.ts';
import type { PastBoots, PastEntry, PastQuery } from '../ports/past-boots.ts';
import { known, type LookBack, type LookBackDeps } from './look-back.ts';

/** One file for each boot. The journal is not for everybody, and so neither is what is taken from it. */
export const EVIDENCE = '/var/lib/goodboot/evidence';
const KEPT = 16;
const MAX_BYTES = 256 * 1024;
/** Of everything that is asked of the journal in one boot: the checks of this boot wait meanwhile. */
const BUDGET_MS = 15_000;
const ERRORS = 50;
const LINES = 100;
const EVENTS = 50;
const MESSAGE_CHARS = 1000;
const CRASH_BYTES = 16 * 1024;

export interface EvidenceDeps extends LookBackDeps {
  readonly pastBoots: PastBoots;
}

/** Says what was kept of which boot, and what could not be. Nothing else hangs on it (rule 10). */
export async function keepEvidence(
  deps: EvidenceDeps,
  { state, deployment, back }: { readonly state: NodeState; readonly deployment: string; readonly back: LookBack },
): Promise<void> {
  const { files, journal, boot, pastBoots, clock } = deps;
  try {
    const { last, crashRecords } = back;
    const facts = { state, deployment, bootId: boot.id, last, hasCrashRecords: crashRecords.length > 0 };
    const have = new Set(await files.list(EVIDENCE));
    const isNew = ({ id }: SpentBoot) => !have.has(`${id}.json`);
    // Most often there is none, and the journal need not be asked.
    if (!spentBoots({ ...facts, journalIds: null }).some(isNew)) return;
    const end = clock.monotonicMs() + BUDGET_MS;
    const leftMs = () => Math.max(1, end - clock.monotonicMs());
    const listed = await listBoots(pastBoots, leftMs());
    const spent = spentBoots({ ...facts, journalIds: typeof listed === 'string' ? null : listed });
    const fresh = spent.filter(isNew).slice(-KEPT);
    // The newest first: the budget may be used up.
    for (const each of fresh.toReversed()) {
      // The kernel's record is of the last that ended in one.
      const records = each.ended === 'panic' && each === spent.at(-1) ? crashRecords : [];
      const evidence = await collect(deps, each, { back, listed, records, leftMs });
      const path = `${EVIDENCE}/${each.id}.json`;
      await files.makeDirectory(EVIDENCE, 0o700);
      await files.replace(path, evidenceText(evidence, MAX_BYTES), 0o600);
      const told = { GOODBOOT_LAST_BOOT: each.id, GOODBOOT_FILE: path, GOODBOOT_REASON: summaryOf(evidence) };
      journal.event('evidence-kept', told);
    }
    if (fresh.length > 0) await prune(files, fresh);
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    journal.event('evidence-lost', { GOODBOOT_REASON: messageOf(error), GOODBOOT_ERROR_CODE: error.code });
  }
}

async function listBoots(pastBoots: PastBoots, timeoutMs: number): Promise<readonly string[] | string> {
  try {
    return await pastBoots.ids(timeoutMs);
  } catch (error) {
    if (error instanceof GoodbootError) return messageOf(error);
    throw error;
  }
}

interface Sources {
  readonly back: LookBack;
  /** Boots that the journal knows, or why they cannot be told. */
  readonly listed: readonly string[] | string;
  readonly records: readonly string[];
  readonly leftMs: () => number;
}

async function collect(deps: EvidenceDeps, spent: SpentBoot, sources: Sources): Promise<Evidence> {
  const { traces, clock, boot } = deps;
  const { back, records } = sources;
  const verdict = back.ledger?.records.findLast(({ event, bootId }) => event === 'verdict' && bootId === spent.id);
  const crashes = records.map(async (record) => {
    return { record, text: (await known(() => traces.crashText(record, CRASH_BYTES))) ?? 'it cannot be read' };
  });
  return {
    v: 1,
    ...spent,
    time: new Date(clock.now()).toISOString(),
    collectedIn: boot.id,
    results: verdict?.event === 'verdict' ? verdict.results : [],
    ...(await readJournal(deps.pastBoots, spent, sources)),
    crashes: await Promise.all(crashes),
    leftOut: 0,
  };
}

const NOTHING = { trouble: '', events: [], errors: [], lines: [] } as const;

async function readJournal(
  pastBoots: PastBoots,
  { id }: SpentBoot,
  { listed, leftMs }: Sources,
): Promise<Pick<Evidence, 'journal' | 'trouble' | 'events' | 'errors' | 'lines'>> {
  if (typeof listed === 'string') return { ...NOTHING, journal: 'unreadable', trouble: listed };
  if (!listed.includes(id)) return { ...NOTHING, journal: 'absent' };
  const ask = async (query: Omit<PastQuery, 'bootId'>) =>
    (await pastBoots.entries({ bootId: id, ...query }, leftMs())).map(shortened);
  try {
    const own = await ask({ last: EVENTS, only: 'goodboot' });
    const events = own.filter(({ event }) => event !== null);
    const errors = await ask({ last: ERRORS, only: 'errors' });
    return { journal: 'read', trouble: '', events, errors, lines: await ask({ last: LINES }) };
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    return { ...NOTHING, journal: 'unreadable', trouble: messageOf(error) };
  }
}

const shortened = (entry: PastEntry): PastEntry => {
  return { ...entry, message: entry.message.slice(0, MESSAGE_CHARS) };
};

const summaryOf = ({ ended, journal, boots }: Evidence): string =>
  `${boots === 1 ? '' : `${boots} boots, `}ended: ${ended ?? 'not known'}, journal: ${journal}`;

/** The newest are kept, and by all means those of now: the clock of this boot may be wrong. */
async function prune(files: Files, fresh: readonly SpentBoot[]): Promise<void> {
  const now = new Set(fresh.map(({ id }) => `${id}.json`));
  const names = ((await files.list(EVIDENCE)) ?? []).filter((name) => name.endsWith('.json') && !now.has(name));
  const old = await Promise.all(
    names.map(async (name) => ({ name, ms: (await files.info(`${EVIDENCE}/${name}`))?.modifiedMs ?? 0 })),
  );
  const tooMany = old.sort((a, b) => b.ms - a.ms).slice(Math.max(0, KEPT - fresh.length));
  for (const { name } of tooMany) await files.remove(`${EVIDENCE}/${name}`);
}

/** All that is kept, oldest first. What is damaged is left out. @throws GoodbootError FILE_UNREADABLE */
export async function readEvidence(files: Files): Promise<readonly Evidence[]> {
  const names = ((await files.list(EVIDENCE)) ?? []).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => files.readText(`${EVIDENCE}/${name}`)));
  const all = texts.flatMap((text) => (text === null ? null : parseEvidence(text)) ?? []);
  // One boot collects what is newest first.
  const isBefore = (a: Evidence, b: Evidence) => (a.collectedIn === b.collectedIn ? a.time > b.time : a.time < b.time);
  return all.sort((a, b) => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0));
}
