import { oneLine } from './one-line.ts';
import { type CheckResult, type Fact, reasonOf } from './outcome.ts';
import type { VerdictReport } from './verdict-report.ts';

/** What people see at login, at the place where greenboot wrote it: `/run` is empty at each boot. */
export const BOOT_STATUS = '/run/motd.d/boot-status';

/** The first words of greenboot's own message, which scripts and tests of images look for. */
const HEADLINE = {
  good: 'Boot Status is GREEN - Health Check SUCCESS',
  bad: 'Boot Status is RED - Health Check FAILURE!',
  indeterminate: 'Boot Status is INDETERMINATE - a health check could not tell',
} as const;

/** Lines about failures at most: with those around them no more than ten, which leave room for the messages of others. */
const MAX_FAILURES = 5;
/** Two lines of a terminal. */
const MAX_LINE = 160;

/** What the texts about a boot are made of. */
export type BootToTell = Pick<VerdictReport, 'verdict' | 'standing' | 'checks' | 'bootLoader' | 'actions'>;

/** The node came back because something failed, and not for a drill. */
export const wentBack = ({ standing, actions }: BootToTell, left: string | null): boolean =>
  left !== null ||
  (standing === 'fallback' &&
    !actions.some(({ action }) => action.kind === 'end-trial' && action.result === 'drilled'));

/**
 * The message of the day about this boot: the verdict, what failed, and what it cost. `left`: the deployment that the
 * node came back from in this boot, since its trial failed.
 */
export function bootStatusText(report: BootToTell, left: string | null = null): string {
  const { verdict, checks, bootLoader } = report;
  const lines: string[] = [HEADLINE[verdict]];
  if (wentBack(report, left)) {
    const which = left === null ? '' : ` (${left.slice(0, 12)})`;
    lines.push(`FALLBACK BOOT DETECTED! The newer deployment${which} failed its trial.`);
  }
  const failures = [...failuresOf(checks, true), ...failuresOf(checks, false), ...checks.flatMap(wantedScripts)];
  const isOver = failures.length > MAX_FAILURES;
  const shown = isOver ? failures.slice(0, MAX_FAILURES - 1) : failures;
  lines.push(...shown.map((line) => `  ${oneLine(line, MAX_LINE)}`));
  if (isOver) lines.push(`  and ${failures.length - shown.length} more`);
  const { counter } = bootLoader;
  if (verdict !== 'good' && counter !== null && counter >= 0) {
    lines.push(counter === 0 ? 'The next boot is the fallback.' : `Attempts left: ${counter}.`);
  }
  if (lines.length > 1) lines.push('"goodboot status" says more.');
  return `${lines.join('\n')}\n`;
}

function failuresOf(checks: readonly CheckResult[], required: boolean): readonly string[] {
  const failed = checks.filter((check) => check.required === required && hasFailed(check));
  return failed.map(({ name, outcome }) => `${required ? 'required' : 'wanted'} ${name}: ${reasonOf(outcome)}`);
}

/** It failed, or could not tell. */
export const hasFailed = ({ outcome }: CheckResult): boolean => outcome.state === 'fail' || outcome.state === 'error';

/** Scripts that failed and cost nothing: the reason of their check does not name them. */
function wantedScripts({ name, outcome }: CheckResult): readonly string[] {
  const scripts = outcome.state === 'skip' ? undefined : outcome.facts?.['scripts'];
  if (!Array.isArray(scripts)) return [];
  return scripts.filter(isFailedWanted).map(({ path, reason }) => `wanted ${name}: ${path} ${reason}`);
}

function isFailedWanted(script: Fact): script is { path: string; reason: string } {
  if (script === null || typeof script !== 'object' || !('required' in script)) return false;
  return script['required'] === false && (script['outcome'] === 'fail' || script['outcome'] === 'error');
}
