import type { LoadedConfig } from '../../config/load.ts';
import { problemText } from '../render/problem.ts';
import type { Terminal } from '../terminal.ts';

/** What is wrong with the configuration goes to stderr, whatever the command: nobody has to ask for it (rule 11). */
export function sayProblems({ problems }: LoadedConfig, terminal: Terminal): void {
  for (const problem of problems) terminal.err(problemText(problem, terminal, 'err'));
}

/** Says one sentence of warning on stderr: for adapters that did their work, but not all that goes with it. */
export const warnOn =
  (terminal: Terminal) =>
  (sentence: string): void =>
    terminal.err(`${terminal.paint('yellow', 'warning', 'err')}: ${sentence}\n`);
