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

/** The message of the day about this boot: the verdict, everything that failed, and what it cost. */
export function bootStatusText(report: Pick<VerdictReport, 'verdict' | 'standing' | 'checks' | 'bootLoader'>): string {
  const { verdict, standing, checks, bootLoader } = report;
  const lines: string[] = [HEADLINE[verdict]];
  if (standing === 'fallback') lines.push('FALLBACK BOOT DETECTED! The newer deployment failed its trial.');
  for (const check of checks) {
    const { name, required, outcome } = check;
    if (outcome.state === 'fail' || outcome.state === 'error') {
      lines.push(`  ${required ? 'required' : 'wanted'} ${name}: ${reasonOf(outcome)}`);
    }
    lines.push(...wantedScripts(check).map((line) => `  wanted ${name}: ${line}`));
  }
  const { counter } = bootLoader;
  if (verdict !== 'good' && counter !== null && counter >= 0) {
    lines.push(counter === 0 ? 'The next boot is the fallback.' : `Attempts left: ${counter}.`);
  }
  if (lines.length > 1) lines.push('"goodboot status" says more.');
  return `${lines.join('\n')}\n`;
}

/** Scripts that failed and cost nothing: the reason of their check does not name them. */
function wantedScripts({ outcome }: CheckResult): readonly string[] {
  const scripts = outcome.state === 'skip' ? undefined : outcome.facts?.['scripts'];
  if (!Array.isArray(scripts)) return [];
  return scripts.filter(isFailedWanted).map(({ path, reason }) => `${path} ${reason}`);
}

function isFailedWanted(script: Fact): script is { path: string; reason: string } {
  if (script === null || typeof script !== 'object' || !('required' in script)) return false;
  return script['required'] === false && (script['outcome'] === 'fail' || script['outcome'] === 'error');
}
