import type { Verdict } from './decide.ts';
import type { Trial } from './trial.ts';

/** How a boot ended, as far as can be told: `unclean` is the power, a reset, or whatever else leaves no trace. */
export type End = 'clean' | 'panic' | 'watchdog' | 'unclean';

/** The boot before, as the one after it found it. */
export interface LastBoot {
  readonly bootId: string;
  readonly ended: End;
  /** The newest verdict on it; null: it had none. Left out: it could not be told. */
  readonly verdict?: Verdict | null;
  /** Boots that the boot loader counted since, and that did not come as far as to be noted. */
  readonly unseen: number;
}

/** What a boot left behind when it ended. */
export interface EndTraces {
  /** It was shut down. */
  readonly clean: boolean;
  readonly panicked: boolean;
  readonly reset: boolean;
  readonly unseen: number;
}

/**
 * Of a panic and a reset by the watchdog, the panic came first. What is left of boots that were not noted says nothing of
 * the one before them. And a shutdown that was noted was one, whatever came in its last moments.
 */
export function endOf({ clean, panicked, reset, unseen }: EndTraces): End {
  if (clean) return 'clean';
  if (unseen > 0) return 'unclean';
  return panicked ? 'panic' : reset ? 'watchdog' : 'unclean';
}

/** How many boots the counter shows since it was last seen, beside the one that runs: at least so many did not get far. */
export function unseenBoots(trial: Trial | null, counter: number | null): number {
  if (trial?.phase !== 'armed' || counter === null) return 0;
  return Math.max(0, trial.counted - counter - 1);
}

const ENDED: Readonly<Record<End, string>> = {
  clean: 'was shut down',
  panic: 'ended in a kernel panic',
  watchdog: 'was reset by the watchdog',
  unclean: 'ended without a shutdown',
};

/** Half a sentence for people, after "the boot before" or "it". */
export function lastBootText({ ended, verdict, unseen }: LastBoot): string {
  const judged =
    verdict === undefined ? '' : verdict === null ? ', without a verdict' : `, with the verdict ${verdict}`;
  const boots = unseen === 1 ? 'one boot' : `${unseen} boots`;
  return `${ENDED[ended]}${judged}${unseen === 0 ? '' : `; ${boots} since then did not come up`}`;
}

/** There is something about it that an operator would want to know. */
export const isRemarkable = ({ ended, unseen }: LastBoot): boolean => ended !== 'clean' || unseen > 0;
