/** Which of several must hold: all of a plain list, all, or any one. */
export type Quorum<Item> = readonly Item[] | { readonly all: readonly Item[] } | { readonly any: readonly Item[] };

/** What a probe found: reasons for a failure, in order, and what it could not tell. */
export interface Findings {
  readonly reasons: readonly string[];
  readonly unknown: readonly unknown[];
}

/** One probe of one item: null when it holds, else what was seen. Throwing means: could not tell. */
export type Probe<Item> = (item: Item, signal: AbortSignal) => Promise<string | null>;

/** The items of a quorum, however it is written. */
export const itemsOf = <Item>(quorum: Quorum<Item>): readonly Item[] =>
  'any' in quorum ? quorum.any : 'all' in quorum ? quorum.all : quorum;

/**
 * Probes every item at once. With `any`, the first success ends the other probes, so that a dead target
 * costs no time; when none succeeds, all that was seen is one reason.
 */
export async function askQuorum<Item>(
  quorum: Quorum<Item>,
  probe: Probe<Item>,
  signal: AbortSignal,
): Promise<Findings> {
  const isAny = 'any' in quorum;
  const enough = new AbortController();
  const inner = AbortSignal.any([signal, enough.signal]);
  const settled = await Promise.allSettled(
    itemsOf(quorum).map(async (item) => {
      const reason = await probe(item, inner);
      if (reason === null && isAny) enough.abort();
      return reason;
    }),
  );
  const told = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const unknown = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const reasons = told.filter((reason) => reason !== null);
  if (!isAny) return { reasons, unknown };
  if (reasons.length < told.length) return { reasons: [], unknown: [] };
  // One that could not be told might have been the one that holds.
  if (unknown.length > 0) return { reasons: [], unknown };
  return { reasons: reasons.length < 2 ? reasons : [`${reasons.join(', ')}; one of them was wanted`], unknown };
}

/** All findings as one, in the order given. */
export const joinFindings = (findings: readonly Findings[]): Findings => ({
  reasons: findings.flatMap(({ reasons }) => reasons),
  unknown: findings.flatMap(({ unknown }) => unknown),
});
