import { GoodbootError, messageOf } from '../core/errors.ts';
import { type LedgerEntry, type LedgerRecord, verdictEntry } from '../core/ledger.ts';
import type { VerdictReport } from '../core/verdict-report.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import type { Journal } from '../ports/journal.ts';
import type { Boot } from './boot.ts';
import { LEDGER, openLedger } from './ledger.ts';

export interface RecordDeps {
  readonly files: Files;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly boot: Boot;
}

/**
 * Writes the lines of one verdict: the boot, when it is not there yet, and the verdict with the mark that followed it.
 * A ledger that cannot be kept is said out loud and changes nothing: the verdict stands (rule 10). False: it is not recorded.
 */
export async function recordVerdict(
  { files, clock, journal, boot }: RecordDeps,
  report: VerdictReport,
): Promise<boolean> {
  try {
    const ledger = await openLedger(files, clock);
    for (const reason of ledger.damage)
      journal.event('ledger-repaired', { GOODBOOT_FILE: LEDGER, GOODBOOT_REASON: reason });
    for (const entry of entriesOf(report, boot, ledger.records)) await ledger.append(entry);
    return true;
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    journal.event('ledger-unwritable', {
      GOODBOOT_FILE: LEDGER,
      GOODBOOT_REASON: messageOf(error),
      GOODBOOT_ERROR_CODE: error.code,
    });
    return false;
  }
}

function entriesOf(report: VerdictReport, boot: Boot, records: readonly LedgerRecord[]): readonly LedgerEntry[] {
  const { bootId, deployment, bootLoader } = report;
  const known = records.some((record) => record.event === 'boot' && record.bootId === bootId);
  const marks = report.actions.filter(({ action }) => action.kind === 'mark-good');
  return [
    ...(known
      ? []
      : [{ event: 'boot', bootId, deployment, kernel: boot.kernel, bootLoader: bootLoader.name } as const]),
    ...(isSameAsLast(report, records) ? [] : [verdictEntry(report)]),
    ...marks.map(({ result }) => ({ event: 'mark', bootId, mark: 'good', by: 'verdict', result }) as const),
  ];
}

/** A boot that is held is judged every few minutes: only what is new is written down, or it would push the history out. */
function isSameAsLast({ bootId, verdict, checks, actions }: VerdictReport, records: readonly LedgerRecord[]): boolean {
  const last = records.findLast((record) => record.event === 'verdict');
  if (last?.event !== 'verdict' || last.bootId !== bootId || last.verdict !== verdict) return false;
  const states = (results: readonly { readonly name: string; readonly state: string }[]) =>
    results
      .map(({ name, state }) => `${name}=${state}`)
      .sort()
      .join(' ');
  const isHeld =
    actions.every(({ action }) => action.kind === 'hold') && last.actions.every(({ kind }) => kind === 'hold');
  return isHeld && states(last.results) === states(checks.map(({ name, outcome }) => ({ name, state: outcome.state })));
}

/** How often, since the last good verdict, a regression was answered with a reboot. A verdict that held in between is no end. */
export function regressionReboots(records: readonly LedgerRecord[]): number {
  let count = 0;
  for (const record of records.toReversed()) {
    if (record.event !== 'verdict') continue;
    if (record.verdict === 'good') break;
    if (record.actions.some(({ kind, why }) => kind === 'reboot' && why === 'regression')) count += 1;
  }
  return count;
}
