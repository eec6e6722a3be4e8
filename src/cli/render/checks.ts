import { formatDuration } from '../../core/duration.ts';
import { oneLine } from '../../core/one-line.ts';
import { type CheckResult, type OutcomeState, reasonOf } from '../../core/outcome.ts';
import type { Terminal } from '../terminal.ts';
import { pad } from './table.ts';

export const OUTCOME_COLOUR = { pass: 'green', fail: 'red', skip: 'dim', error: 'yellow' } as const satisfies Record<
  OutcomeState,
  string
>;

/** One line for one result: outcome, name, how much it weighs, how long it took, why. */
export function checkLine(result: CheckResult, nameWidth: number, { paint }: Terminal): string {
  const { state } = result.outcome;
  const outcome = paint(OUTCOME_COLOUR[state], pad(state, 5));
  const weight = pad(result.required ? 'required' : 'wanted', 8);
  const time = pad(formatDuration(result.durationMs), 8);
  const code = result.outcome.state === 'error' ? ` [${result.outcome.code}]` : '';
  return `${`  ${outcome}  ${pad(result.name, nameWidth)}  ${weight}  ${time}  ${oneLine(reasonOf(result.outcome))}${code}`.trimEnd()}\n`;
}

/** A line for each script of a check that runs several. */
export function scriptLines({ outcome }: CheckResult, { paint }: Pick<Terminal, 'paint'>): string {
  const scripts = outcome.state === 'skip' ? undefined : outcome.facts?.['scripts'];
  if (!Array.isArray(scripts)) return '';
  return scripts
    .map(({ path, required, outcome: state, durationMs, reason }) => {
      const colour = OUTCOME_COLOUR[state as OutcomeState] ?? 'dim';
      const head = `${paint(colour, pad(state, 5))}  ${pad(required ? 'required' : 'wanted', 8)}`;
      return `${`         ${head}  ${pad(formatDuration(durationMs), 8)}  ${path} ${reason}`.trimEnd()}\n`;
    })
    .join('');
}

export const nameWidthOf = (checks: readonly { readonly name: string }[]): number =>
  Math.max(4, ...checks.map(({ name }) => name.length));

/** "6 checks: 4 pass, 1 fail, 1 skip". */
export function summary(results: readonly CheckResult[]): string {
  const counts = (['pass', 'fail', 'error', 'skip'] as const).flatMap((state) => {
    const count = results.filter(({ outcome }) => outcome.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return `${results.length} check${results.length === 1 ? '' : 's'}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
}
