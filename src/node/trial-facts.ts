import { GoodbootError, messageOf } from '../core/errors.ts';
import type { BootFacts, StartedBy, Trial } from '../core/trial.ts';
import type { Problem } from '../core/verdict-report.ts';
import type { BootLoader } from '../ports/boot-loader.ts';
import type { Files } from '../ports/files.ts';
import type { Boot } from './boot.ts';
import { loadState } from './state.ts';

export type TrialFacts = Pick<BootFacts, 'trial' | 'startedBy' | 'canFallBack'>;

/**
 * What this node remembers that matters for judging. A memory that cannot be read is a problem that is said, and then
 * nothing is on trial: the node stays up, and the boot loader's own counter still leads back.
 */
export async function readTrialFacts(
  { files, boot, bootLoader }: { readonly files: Files; readonly boot: Boot; readonly bootLoader: BootLoader },
  note: (problem: Problem) => void,
): Promise<TrialFacts> {
  let trial: Trial | null = null;
  let startedBy: StartedBy = boot.startedBy;
  try {
    const state = await loadState(files);
    trial = state.trial;
    const seen = state.boots.at(-1);
    if (seen?.bootId === boot.id) startedBy = seen.startedBy;
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    note({ code: error.code, message: messageOf(error) });
  }
  // Asked of the boot loader: a backend that does not run must not keep a bad deployment from being left.
  return { trial, startedBy, canFallBack: trial === null ? null : await bootLoader.hasFallback() };
}
