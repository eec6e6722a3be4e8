import { GoodbootError, messageOf } from '../core/errors.ts';
import type { EventName } from '../core/events.ts';
import type { TrialStep } from '../core/ledger.ts';
import { LEDGER, openLedger } from './ledger.ts';
import { known } from './look-back.ts';
import type { RecordDeps } from './record.ts';

const EVENT = {
  armed: 'trial-armed',
  refused: 'trial-refused',
  withdrawn: 'trial-withdrawn',
  attempt: 'trial-attempt',
  uncounted: 'trial-uncounted',
  'fell-back': 'fallback-detected',
  'rolled-back': 'rollback-done',
  'rollback-failed': 'rollback-failed',
  'ended-good': 'trial-ended-good',
  'ended-bad': 'trial-ended-bad',
  environment: 'environment-fault',
  drilled: 'trial-drilled',
  'crash-loop': 'crash-loop',
  denied: 'deployment-denied',
  allowed: 'deployment-allowed',
  dropped: 'deployment-dropped',
  'rollback-by-hand': 'rollback-by-hand',
} as const satisfies Record<TrialStep, EventName>;

/**
 * Writes one step of a trial into the journal and the ledger. A ledger that cannot be kept is said, and changes nothing. A
 * refusal is noted once for a deployment and a reason: arming is tried again at each change and at shutdown.
 */
export async function noteTrial(deps: RecordDeps, step: TrialStep, deployment: string, detail: string): Promise<void> {
  const { files, clock, journal, boot } = deps;
  if (step === 'refused' && (await isRefusedAlready(deps, deployment, detail))) return;
  journal.event(EVENT[step], { GOODBOOT_DEPLOYMENT: deployment, GOODBOOT_REASON: detail });
  try {
    const ledger = await openLedger(files, clock);
    await ledger.append({ event: 'trial', bootId: boot.id, step, deployment, detail });
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    const reason = { GOODBOOT_FILE: LEDGER, GOODBOOT_REASON: messageOf(error), GOODBOOT_ERROR_CODE: error.code };
    journal.event('ledger-unwritable', reason);
  }
}

/** The last that was noted of this deployment is the same refusal. What cannot be read is not known: then it is noted again. */
async function isRefusedAlready({ files, clock }: RecordDeps, deployment: string, detail: string): Promise<boolean> {
  const ledger = await known(() => openLedger(files, clock));
  const last = ledger?.records.findLast((record) => record.event === 'trial' && record.deployment === deployment);
  return last?.event === 'trial' && last.step === 'refused' && last.detail === detail;
}
