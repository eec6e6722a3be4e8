import type { Action, HoldReason } from '../core/decide.ts';
import { GoodbootError, messageOf } from '../core/errors.ts';
import type { TakenAction } from '../core/verdict-report.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { Journal } from '../ports/journal.ts';
import type { TrialEffects } from './end-trial.ts';

/** What acting on a decision may touch, apart from the boot loader. */
export interface Effects {
  readonly journal: Journal;
  readonly trial: TrialEffects;
}

const REBOOT: Readonly<Record<Extract<Action, { kind: 'reboot' }>['why'], string>> = {
  'next-attempt': 'the node reboots into the next attempt',
  'to-fallback': 'the node reboots into the fallback',
  regression: 'the node reboots, as onRegression says',
};

const HOLD: Readonly<Record<HoldReason, string>> = {
  regression: 'this deployment is not on trial, so it is not rolled back; a person has to look',
  indeterminate: 'a required check could not tell; a person has to look',
  'nothing-to-fall-back-to': 'there is nothing to fall back to; a person has to look',
  'fallback-is-bad-too': 'the deployment that was fallen back to is bad too; a person has to look',
  'chosen-by-hand': 'a person chose this boot entry; the trial waits',
  'not-started-by-boot-loader': 'no boot loader started this system, so there is nothing to mark',
};

/** Does the actions in order and says what became of each. The first that fails ends it: what follows builds on it. */
export async function act(
  actions: readonly Action[],
  bootLoader: BootLoader,
  effects: Effects | null,
): Promise<readonly TakenAction[]> {
  const taken: TakenAction[] = [];
  for (const action of actions) {
    const done = await one(action, bootLoader, effects);
    taken.push(done);
    if (done.result === 'failed') break;
  }
  return taken;
}

async function one(action: Action, bootLoader: BootLoader, effects: Effects | null): Promise<TakenAction> {
  switch (action.kind) {
    case 'mark-good':
      return { action, ...(await markGood(bootLoader, effects)) };
    case 'hold':
      return { action, result: effects === null ? 'planned' : 'done', detail: HOLD[action.why] };
    case 'reboot':
      // Asked for when all of this is recorded, as the very last thing.
      return { action, result: effects === null ? 'planned' : 'done', detail: REBOOT[action.why] };
    case 'soak':
      // The verdict is not over: the checks are repeated, and decided about again.
      return { action, result: 'planned', detail: 'the required checks are repeated before this boot is marked' };
    case 'roll-back':
      return trialStep(action, effects, `${action.to} is the default again`, (trial) => trial.ensureDefault(action.to));
    case 'deny':
      return trialStep(action, effects, `${action.deployment} is not booted into again until it is allowed`, (trial) =>
        trial.deny(action.deployment, 'it failed its trial'),
      );
    case 'end-trial':
      return trialStep(action, effects, `the trial ends: ${action.result}`, (trial) => trial.end(action.result));
  }
}

async function trialStep(
  action: Action,
  effects: Effects | null,
  detail: string,
  work: (trial: TrialEffects) => Promise<void>,
): Promise<TakenAction> {
  if (effects === null) return { action, result: 'planned', detail };
  try {
    await work(effects.trial);
    return { action, result: 'done', detail };
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    return { action, result: 'failed', detail: messageOf(error) };
  }
}

async function markGood(
  bootLoader: BootLoader,
  effects: Effects | null,
): Promise<Pick<TakenAction, 'result' | 'detail'>> {
  const { name, detail } = bootLoader;
  if (!bootLoader.can.mark) return { result: 'unneeded', detail: `${name} keeps no mark` };
  if (effects === null) return { result: 'planned', detail: `mark this boot good in ${detail}` };
  try {
    const changed = await bootLoader.apply({ success: true, counter: null });
    if (!changed) return { result: 'unneeded', detail: `${detail} says so already` };
    effects.journal.event('boot-marked-good', { GOODBOOT_BOOT_LOADER: name, GOODBOOT_BY: 'verdict' });
    return { result: 'done', detail: `this boot is marked good in ${detail}` };
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    const reason = messageOf(error);
    effects.journal.event('mark-failed', {
      GOODBOOT_MARK: 'good',
      GOODBOOT_BOOT_LOADER: name,
      GOODBOOT_REASON: reason,
      GOODBOOT_ERROR_CODE: error.code,
    });
    return { result: 'failed', detail: reason };
  }
}
