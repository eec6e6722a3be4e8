import { GoodbootError, messageOf } from '../core/errors.ts';
import type { EventName } from '../core/events.ts';
import type { TrialStep } from '../core/ledger.ts';
import { LEDGER, openLedger } from './ledger.ts';
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

/** Writes one step of a trial into the journal and the ledger. A ledger that cannot be kept is said, and changes nothing. */
export async function noteTrial(deps: RecordDeps, step: TrialStep, deployment: string, detail: string): Promise<void> {
  const { files, clock, journal, boot } = deps;
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
