/** A measured quantity, in milliseconds: every value, and what it should be. */
export interface Figure {
  readonly name: string;
  readonly values: readonly number[];
  /** Measured in turn with this one: the values of one round stand at the same place. */
  readonly against?: Figure;
  /** The largest median that is good enough: of the values, or of their ratios to those of `against`. */
  readonly goal?: { readonly ms: number } | { readonly ratio: number };
}

/** What is said of a figure. Times are milliseconds. */
export interface Summary {
  readonly name: string;
  readonly median: number;
  readonly p95: number;
  readonly n: number;
  readonly against: string | null;
  /** Median of the ratios of each round, so that a machine that grows slower on the way does not count. */
  readonly ratio: number | null;
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** The value that at least `share` (0 to 1) of all values do not exceed; the nearest rank, so one that was measured. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function summaryOf({ name, values, against, goal }: Figure): Summary {
  const median = quantile(values, 0.5);
  const ratios = against?.values.map((other, round) => (values[round] ?? Number.NaN) / other);
  const ratio = ratios === undefined ? null : quantile(ratios, 0.5);
  const base = { name, median, p95: quantile(values, 0.95), n: values.length, against: against?.name ?? null, ratio };
  if (goal === undefined) return { ...base, goal: null, met: null };
  if ('ms' in goal) return { ...base, goal: `${goal.ms} ms`, met: median <= goal.ms };
  return { ...base, goal: `${goal.ratio} x`, met: ratio !== null && ratio <= goal.ratio };
}
