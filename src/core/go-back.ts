import type { Trial } from './trial.ts';

/** One step of going back to the deployment that worked; each is durable before the next is taken. */
export type GoBackStep =
  /**
   * The counter is set to attempts while the order of deployments changes: whichever of the two states a power cut
   * leaves, the boot loader goes on counting towards a deployment that works.
   */
  | { readonly kind: 'set-counter'; readonly value: number | null }
  | { readonly kind: 'make-default'; readonly deployment: string }
  /** A person decided it, so that nobody has to judge whose fault it was. */
  | { readonly kind: 'end-by-hand' };

/**
 * Makes the way back permanent. Only where the phase `fell-back` is recorded: a cut in the middle is finished from
 * there. The trial itself is ended by the verdict, which knows whose fault it was, or here when a person decided.
 */
export const goBack = (trial: Trial): readonly GoBackStep[] => [
  { kind: 'set-counter', value: trial.attempts },
  { kind: 'make-default', deployment: trial.from },
  { kind: 'set-counter', value: null },
  ...(trial.byHand === undefined ? [] : [{ kind: 'end-by-hand' } as const]),
];
