import { formatDuration } from '../../core/duration.ts';
import { oneLine } from '../../core/one-line.ts';
import { type CheckResult, reasonOf } from '../../core/outcome.ts';
import type { Terminal } from '../terminal.ts';
import { OUTCOME_COLOUR } from './checks.ts';
import { pad } from './table.ts';

/** One check of a run as it stands now. */
export interface LiveRow {
  readonly name: string;
  readonly required: boolean;
  /** Null: it waits. */
  readonly startedMs: number | null;
  /** Null: it did not end. */
  readonly result: CheckResult | null;
}

export interface LiveView {
  readonly nowMs: number;
  /** Columns of the terminal. No line is as wide, since a full one is broken by some of them. */
  readonly columns: number;
  readonly paint: Terminal['paint'];
}

/** A line for each check, in the order of the configuration: what it is at, since when, or what came of it. */
export function liveLines(rows: readonly LiveRow[], { nowMs, columns, paint }: LiveView): readonly string[] {
  const nameWidth = Math.max(4, ...rows.map(({ name }) => name.length));
  return rows.map(({ name, required, startedMs, result }) => {
    const state = result?.outcome.state ?? (startedMs === null ? 'waits' : 'runs');
    const colour = result === null ? 'dim' : OUTCOME_COLOUR[result.outcome.state];
    const time =
      result !== null ? formatDuration(result.durationMs) : startedMs === null ? '' : since(startedMs, nowMs);
    const reason = result === null ? '' : oneLine(reasonOf(result.outcome));
    const rest = `  ${pad(name, nameWidth)}  ${pad(required ? 'required' : 'wanted', 8)}  ${pad(time, 8)}  ${reason}`;
    const head = cut(`  ${pad(state, 5)}`, columns - 1);
    return `${head.replace(state, (word) => paint(colour, word))}${cut(rest.trimEnd(), columns - 1 - head.length)}`;
  });
}

/** Whole seconds: a line that changes more often is not easier to read. */
const since = (startedMs: number, nowMs: number): string => {
  const seconds = Math.max(0, Math.floor((nowMs - startedMs) / 1000));
  return seconds === 0 ? '0 s' : formatDuration(seconds * 1000);
};

/** Rows that lines take on a terminal of that many columns, which breaks those that are wider: it was made narrower. */
export const rowsTaken = (widths: readonly number[], columns: number): number =>
  widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / Math.max(1, columns))), 0);

/** The beginning of a text that takes at most that many columns; a cut one ends with an ellipsis. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (columnsOf(text) <= columns) return text;
  let taken = 0;
  let start = '';
  for (const letter of text) {
    taken += columnsOf(letter);
    if (taken > columns - 1) break;
    start += letter;
  }
  return `${start}…`;
}

/** East Asian and emoji letters take two columns, marks on a letter none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

export function columnsOf(text: string): number {
  let columns = 0;
  for (const letter of text) columns += /\p{M}/u.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return columns;
}
