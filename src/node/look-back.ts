import { GoodbootError, messageOf } from '../core/errors.ts';
import { endOf, isRemarkable, type LastBoot, lastBootText, unseenBoots } from '../core/last-boot.ts';
import type { LedgerEntry } from '../core/ledger.ts';
import type { NodeState } from '../core/node-state.ts';
import type { Deployment } from '../ports/deployments.ts';
import type { Traces } from '../ports/traces.ts';
import { LEDGER, type Ledger, openLedger } from './ledger.ts';
import type { RecordDeps } from './record.ts';

/** What the beginning of a boot finds of the boots before it. */
export interface LookBack {
  /** Null where none was noted. */
  readonly last: LastBoot | null;
  /** Records of a kernel crash that were found since this boot. */
  readonly crashRecords: readonly string[];
  /** Null: it cannot be read. */
  readonly ledger: Ledger | null;
}

export interface LookBackDeps extends RecordDeps {
  readonly traces: Traces;
}

/** Looks at what earlier boots left. What cannot be read is not known, and keeps nobody from going on. */
export async function lookBack(
  deps: LookBackDeps,
  { trial, boots }: NodeState,
  { clean, counter }: { readonly clean: boolean; readonly counter: number | null },
): Promise<LookBack> {
  const { traces, files, clock } = deps;
  const [ledger, crashRecords, watchdogs] = await Promise.all([
    known(() => openLedger(files, clock)),
    known(() => traces.crashRecords()),
    known(() => traces.watchdogs()),
  ]);
  const before = boots.at(-1);
  if (before === undefined) return { last: null, crashRecords: crashRecords ?? [], ledger };
  const unseen = unseenBoots(trial, counter);
  const panicked = crashRecords !== null && crashRecords.length > 0;
  const reset = watchdogs !== null && watchdogs.resets.length > 0;
  const { bootId } = before;
  const verdict = ledger?.records.findLast((record) => record.event === 'verdict' && record.bootId === bootId);
  const judged = ledger === null ? {} : { verdict: verdict?.event === 'verdict' ? verdict.verdict : null };
  const last = { bootId, ended: endOf({ clean, panicked, reset, unseen }), ...judged, unseen };
  return { last, crashRecords: crashRecords ?? [], ledger };
}

/** Writes the line of this boot, and says in the journal what was wrong with the one before (rule 10: it changes nothing). */
export async function noteBoot(
  { journal, boot }: RecordDeps,
  { last, ledger }: LookBack,
  facts: { readonly deployment: Deployment | null; readonly bootLoader: string; readonly attempt: number | null },
): Promise<void> {
  if (last !== null && isRemarkable(last)) {
    journal.event('last-boot-unclean', { GOODBOOT_LAST_BOOT: last.bootId, GOODBOOT_REASON: lastBootText(last) });
  }
  // Whoever writes next says what is wrong with it.
  if (ledger === null) return;
  const { deployment, bootLoader, attempt } = facts;
  const entry: LedgerEntry = {
    event: 'boot',
    bootId: boot.id,
    deployment,
    kernel: boot.kernel,
    bootLoader,
    ...(attempt === null ? {} : { attempt }),
    ...(last === null ? {} : { last }),
  };
  try {
    for (const reason of ledger.damage)
      journal.event('ledger-repaired', { GOODBOOT_FILE: LEDGER, GOODBOOT_REASON: reason });
    await ledger.append(entry);
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    const reason = { GOODBOOT_FILE: LEDGER, GOODBOOT_REASON: messageOf(error), GOODBOOT_ERROR_CODE: error.code };
    journal.event('ledger-unwritable', reason);
  }
}

/** Null: it could not be told. */
export async function known<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}
