import type { DrillResult } from '../../core/drill/result.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Terminal } from '../terminal.ts';
import { shortTime, table } from './table.ts';

const COLOUR = { passed: 'green', failed: 'red', interrupted: 'yellow' } as const;

/** How a drill went: each step with the time that it took, then what it came to. */
export function drillText(result: DrillResult, { paint }: Terminal): string {
  const { state, from, attempts, started, ended, steps, reasons } = result;
  const rows = steps.map(({ step, time, tookMs }, at) => [
    shortTime(time),
    at === 0 ? '' : tookMs === null ? 'not known' : formatDuration(tookMs),
    step,
  ]);
  const tookMs = Date.parse(ended) - Date.parse(started);
  return `${table(rows)}\n${table([
    ['drill', `${paint(COLOUR[state], state)}${tookMs < 0 ? '' : `, ${formatDuration(tookMs)} in all`}`],
    ['attempts', `${attempts}`],
    ['goes back to', from],
    ...reasons.map((reason) => ['reason', reason]),
  ])}`;
}
