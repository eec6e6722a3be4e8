import type { LedgerRecord } from '../ledger.ts';
import { type Drill, differences, type NodeView } from './drill.ts';

/** One thing that happened in a drill. */
export interface DrillStep {
  readonly step: string;
  /** ISO 8601. */
  readonly time: string;
  /** Since the step before; null: the clock went back in between. */
  readonly tookMs: number | null;
}

/** How a drill went. Kept in /var/lib/goodboot/last-drill.json. */
export interface DrillResult {
  readonly apiVersion: 'goodboot/v1';
  readonly kind: 'Drill';
  /** `interrupted`: somebody or something else ended it, so that it shows nothing. */
  readonly state: 'passed' | 'failed' | 'interrupted';
  readonly deployment: string | null;
  readonly from: string;
  readonly attempts: number;
  readonly started: string;
  readonly ended: string;
  readonly steps: readonly DrillStep[];
  /** Why it did not pass, as clauses. */
  readonly reasons: readonly string[];
}

/** What the ledger says of a drill, and what it came to. `records`: the ledger, oldest first. */
export function resultOf(
  drill: Drill,
  records: readonly LedgerRecord[],
  now: { readonly view: NodeView; readonly ended: string },
): DrillResult {
  const { deployment, from, attempts, started, before } = drill;
  const own = records.filter(({ seq }) => seq > drill.ledgerSeq);
  const steps = stepsOf(drill, own, now.ended);
  const isOwn = (step: string) =>
    own.some((record) => record.event === 'trial' && record.step === step && record.deployment === deployment);
  const changed = differences(before, now.view);
  const reasons = [
    // Not how many: one that ends before goodboot-begin, as in a power cut, is counted by the boot loader alone.
    ...(isOwn('fell-back') && !isOwn('attempt') ? ['no boot on trial was seen'] : []),
    ...(isOwn('fell-back') && !isOwn('drilled') ? ['the trial was not ended by a verdict'] : []),
    ...(lastVerdict(own) === 'good' ? [] : [`the boot after it was ${lastVerdict(own) ?? 'not judged'}`]),
    ...changed,
  ];
  // It did not come to the fallback: withdrawn, or ended by a person, or never armed.
  const state = !isOwn('fell-back') ? 'interrupted' : reasons.length === 0 ? 'passed' : 'failed';
  const told =
    state === 'interrupted' ? [`it did not come to a fallback${whyOf(own, deployment)}`, ...changed] : reasons;
  const result = { deployment, from, attempts, started, ended: now.ended, steps, reasons: told };
  return { apiVersion: 'goodboot/v1', kind: 'Drill', state, ...result };
}

const lastVerdict = (own: readonly LedgerRecord[]) => {
  const last = own.findLast(({ event }) => event === 'verdict');
  return last?.event === 'verdict' ? last.verdict : null;
};

function whyOf(own: readonly LedgerRecord[], deployment: string | null): string {
  const last = own.findLast((record) => record.event === 'trial' && record.deployment === deployment);
  return last?.event === 'trial' ? `: ${last.step}, ${last.detail}` : '';
}

function stepsOf(drill: Drill, own: readonly LedgerRecord[], ended: string): readonly DrillStep[] {
  const named = own.flatMap((record) => {
    const step = nameOf(record, drill);
    return step === null ? [] : [{ step, time: record.time }];
  });
  const all = [{ step: 'begun', time: drill.started }, ...named, { step: 'put back and compared', time: ended }];
  return all.map(({ step, time }, at) => {
    const passed = at === 0 ? 0 : Date.parse(time) - Date.parse(all[at - 1]?.time ?? time);
    return { step, time, tookMs: passed < 0 ? null : passed };
  });
}

function nameOf(record: LedgerRecord, { deployment, from }: Drill): string | null {
  if (record.event === 'verdict') return `judged ${record.verdict}`;
  if (record.event !== 'trial' || ![deployment, from].includes(record.deployment)) return null;
  switch (record.step) {
    case 'armed':
      return 'deployed and armed';
    case 'attempt':
      return `booted on trial, ${record.detail}`;
    case 'fell-back':
      return 'booted as the fallback';
    case 'rolled-back':
      return 'made the default again';
    case 'drilled':
      return 'trial ended';
    default:
      return record.step;
  }
}
