import { type DoctorReport, type Finding, type FindingState, reasonOf } from '../../core/doctor.ts';
import type { Terminal } from '../terminal.ts';
import { pad } from './table.ts';

const COLOUR = { pass: 'green', warn: 'yellow', fail: 'red', unknown: 'yellow', skip: 'dim' } as const satisfies Record<
  FindingState,
  string
>;
const ANSWER_COLOUR = { yes: 'green', no: 'red', 'not-sure': 'yellow' } as const;
const STATE_WIDTH = 7;
/** Below this, lines that are broken by the terminal itself read better. */
const LEAST_WIDTH = 30;

/** One line for each precondition, broken to the width of the terminal, its cure below it; then the answer. */
export function doctorText(report: DoctorReport, terminal: Terminal): string {
  const { paint } = terminal;
  const titles = Math.max(...report.findings.map(({ title }) => title.length));
  const changes = report.changes.map(({ change, undo, result, detail }) => {
    const word = { done: 'mended', planned: 'would', failed: 'failed' }[result];
    return `${word}: ${change}${detail === '' ? '' : `: ${detail}`}${result === 'done' ? ` (to undo: ${undo})` : ''}\n`;
  });
  const lines = report.findings.map((finding) => findingText(finding, titles, terminal));
  const answer = paint(ANSWER_COLOUR[report.answer], report.answer.replace('-', ' '));
  return [...changes, ...lines, `\nwould a bad update be rolled back: ${answer}, ${reasonOf(report)}\n`].join('');
}

function findingText({ state, title, why, cure }: Finding, titles: number, { paint, width }: Terminal): string {
  const indent = STATE_WIDTH + titles + 4;
  const room = (width ?? 0) - indent;
  const [first = '', ...more] = room < LEAST_WIDTH ? [why] : broken(why, room);
  const line = `${paint(COLOUR[state], pad(state, STATE_WIDTH))}  ${pad(title, titles)}  ${first}`;
  // Not broken: a command is there to be copied.
  const told = cure === null ? [] : [`to mend: ${cure}`];
  return [line, ...[...more, ...told].map((text) => ' '.repeat(indent) + text)].map((text) => `${text}\n`).join('');
}

/** Lines of at most that many characters, broken between words; a longer word stays whole. */
export function broken(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
