import { formatDuration } from '../../core/duration.ts';
import { shortId } from '../../core/short-id.ts';
import type { TakenAction, VerdictReport } from '../../core/verdict-report.ts';
import type { Terminal } from '../terminal.ts';
import { summary } from './checks.ts';
import { shortTime, table } from './table.ts';

export const VERDICT_COLOUR = { good: 'green', bad: 'red', indeterminate: 'yellow' } as const;

/** The verdict, what it stands on, and what was or would be done. The check lines come before it, as they arrive. */
export function verdictText(report: VerdictReport, { paint }: Terminal, next: string | null = null): string {
  const verdict = paint(VERDICT_COLOUR[report.verdict], report.verdict);
  const rows: string[][] = [
    [
      'verdict',
      `${verdict} (${summary(report.checks)}; ${formatDuration(report.durationMs)}; ${shortTime(report.time)})`,
    ],
    ...(report.nothingRequired
      ? [
          [
            'note',
            'no required check said anything, so "good" means little: set required.units in /etc/goodboot/config.yaml',
          ],
        ]
      : []),
    [
      'deployment',
      report.deployment === null
        ? 'none: this system has no deployments to roll back'
        : `${report.deployment.version} (${shortId(report.deployment.id)})`,
    ],
    ['boot loader', bootLoaderText(report.bootLoader)],
    ...report.actions.map((action) => [report.dryRun ? 'would do' : 'action', actionText(action)]),
    ...report.problems.map(({ code, message }) => ['problem', `${message} [${code}]`]),
    ...(next === null ? [] : [['next', next]]),
    ...(report.dryRun ? [['dry run', 'nothing was marked or recorded']] : []),
  ];
  return table(rows);
}

export function bootLoaderText({ name, detail, counter, success }: VerdictReport['bootLoader']): string {
  const mark = success === null ? 'not marked' : success ? 'marked good' : 'marked not good';
  const attempts = counter === null ? '' : counter < 0 ? ', fallback chosen' : `, ${counter} attempts left`;
  return name === 'grub' ? `grub: ${detail} (${mark}${attempts})` : `${name}: ${detail}`;
}

export function actionText({ action, result, detail }: TakenAction): string {
  const outcome = result === 'done' || result === 'planned' ? '' : ` (${result})`;
  return `${action.kind}: ${detail}${outcome}`;
}
