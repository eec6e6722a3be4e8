import { type CheckResult, reasonOf } from '../core/outcome.ts';
import type { Problem, VerdictReport } from '../core/verdict-report.ts';
import type { Journal } from '../ports/journal.ts';

const usec = (ms: number): number => Math.round(ms * 1000);

/** Says in the journal what is wrong with the configuration, before anything is judged by it. */
export function announceProblems(journal: Journal, problems: readonly (Problem & { readonly file: string })[]): void {
  for (const { code, file, message } of problems) {
    if (code === 'NO_REQUIRED_CHECK') journal.event('no-required-check', {});
    else {
      journal.event('config-problem', {
        GOODBOOT_FILE: file,
        GOODBOOT_REASON: message,
        GOODBOOT_ERROR_CODE: code,
      });
    }
  }
}

/** One entry for a check that failed or could not tell; what passed or was skipped is in the unit's own log. */
export function announceResult(journal: Journal, { name, type, required, outcome, durationMs }: CheckResult): void {
  if (outcome.state === 'pass' || outcome.state === 'skip') return;
  const fields = {
    GOODBOOT_CHECK: name,
    GOODBOOT_TYPE: type,
    GOODBOOT_REQUIRED: required ? 'yes' : 'no',
    GOODBOOT_REASON: outcome.reason,
    GOODBOOT_DURATION_USEC: usec(durationMs),
  };
  if (outcome.state === 'fail') journal.event('check-failed', fields);
  else journal.event('check-errored', { ...fields, GOODBOOT_ERROR_CODE: outcome.code });
}

/** The verdict, and that the node is held where it is. */
export function announceVerdict(journal: Journal, report: VerdictReport): void {
  const common = {
    GOODBOOT_SUMMARY: why(report),
    GOODBOOT_DEPLOYMENT: report.deployment?.id ?? 'none',
    GOODBOOT_DURATION_USEC: usec(report.durationMs),
  };
  const actions = { GOODBOOT_ACTIONS: report.actions.map(({ action }) => action.kind).join(', ') };
  if (report.verdict === 'good') journal.event('verdict-good', common);
  else journal.event(`verdict-${report.verdict}`, { ...common, ...actions });
  for (const { action, detail } of report.actions) {
    if (action.kind === 'hold' && report.verdict !== 'good') journal.event('boot-held', { GOODBOOT_REASON: detail });
  }
}

/** Every required check that cost the boot, with its reason; of a good boot, how many were asked. */
export function why({ checks, verdict }: Pick<VerdictReport, 'checks' | 'verdict'>): string {
  if (verdict === 'good')
    return `${checks.filter(({ outcome }) => outcome.state === 'pass').length} of ${checks.length} checks passed`;
  const cost = checks.filter(
    ({ required, outcome }) => required && (outcome.state === 'fail' || outcome.state === 'error'),
  );
  return cost.map(({ name, outcome }) => `${name}: ${reasonOf(outcome)}`).join('; ');
}
