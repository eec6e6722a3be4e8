/**
 * What one precondition looks like. `warn`: it holds, but not as well as it could; `unknown`: it could not be told, which
 * is neither yes nor no; `skip`: it does not concern this node.
 */
export type FindingState = 'pass' | 'warn' | 'fail' | 'unknown' | 'skip';

/** What was made of one fact: one sentence, and the command that mends it. */
export interface Judgement {
  readonly state: FindingState;
  readonly why: string;
  readonly cure?: string;
}

/** A fact, or why there is none. `left`: nobody had to ask, since it does not concern this node. */
export type Asked<Fact> = { readonly seen: Fact } | { readonly trouble: string } | { readonly left: string };

export const ok = (why: string): Judgement => ({ state: 'pass', why });
export const warn = (why: string, cure: string): Judgement => ({ state: 'warn', why, cure });
export const bad = (why: string, cure: string): Judgement => ({ state: 'fail', why, cure });
export const unsure = (why: string, cure?: string): Judgement => ({
  state: 'unknown',
  why,
  ...(cure === undefined ? {} : { cure }),
});
export const skipped = (why: string): Judgement => ({ state: 'skip', why });

/** "a, b and 3 more": a node with a hundred faults must not print a hundred in one line. */
export function named(names: readonly string[], most = 4): string {
  const left = names.length - most;
  return left > 1 ? `${names.slice(0, most).join(', ')} and ${left} more` : names.join(', ');
}
