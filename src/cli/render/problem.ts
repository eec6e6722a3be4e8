import { formatProblem, type Problem } from '../../config/problem.ts';
import type { Terminal } from '../terminal.ts';

/** Two lines for one problem of the configuration: where and what, then the cure. `stream`: where they go. */
export function problemText(problem: Problem, { paint }: Terminal, stream: 'out' | 'err'): string {
  const { severity, code, hint } = problem;
  const weight = paint(severity === 'error' ? 'red' : 'yellow', severity, stream);
  return `${weight}: ${formatProblem(problem)} [${code}]\nhint: ${hint}\n`;
}
