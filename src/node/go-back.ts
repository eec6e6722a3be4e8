import type { GoBackStep } from '../core/go-back.ts';
import { type NodeState, wentBackByHand } from '../core/node-state.ts';
import type { Files } from '../ports/files.ts';
import { type MakeDefaultDeps, makeDefault } from './make-default.ts';
import { updateState } from './state.ts';

export interface GoBackDeps extends MakeDefaultDeps {
  readonly files: Files;
}

/**
 * One step of going back, durable when it resolves; taken again, it changes nothing. Gives the state after it.
 * @throws GoodbootError FILE_UNWRITABLE, GRUBENV_*, ROLLBACK_FAILED; the next boot tries again
 */
export async function goBackStep(
  step: GoBackStep,
  state: NodeState,
  deps: GoBackDeps,
  signal: AbortSignal,
): Promise<NodeState> {
  const { files, bootLoader, clock, note } = deps;
  switch (step.kind) {
    case 'set-counter': {
      const { value } = step;
      // A loader that counts by itself takes its marks by itself, too.
      if (bootLoader.can.mark)
        await bootLoader.apply({ counter: value, ...(value === null ? {} : { success: false }) });
      return state;
    }
    case 'make-default': {
      // What a person goes back to need not be what the boot loader falls back to: that is only for a default which does
      // not start, as an update may be that waits. One that starts tries again, and is counted anew.
      const { trial } = state;
      const otherwise = trial?.byHand?.onTrial === false ? trial.attempts : -1;
      await makeDefault(deps, step.deployment, otherwise, signal);
      return state;
    }
    case 'end-by-hand': {
      const { trial } = state;
      if (trial?.byHand === undefined) return state;
      const { after } = await updateState(files, (now) => wentBackByHand(now, clock.now()));
      if (trial.byHand.deny && trial.drill !== true) await note('denied', trial.deployment, 'rolled back by hand');
      if (trial.byHand.onTrial) await note('ended-bad', trial.deployment, 'by hand');
      return after;
    }
  }
}
