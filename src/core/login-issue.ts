import { type BootToTell, hasFailed, wentBack } from './boot-status.ts';
import type { LedgerRecord } from './ledger.ts';
import { oneLine } from './one-line.ts';
import { reasonOf } from './outcome.ts';

/** Read by agetty for each login prompt: agetty(8), "ISSUE FILES". `/run` is empty at each boot. */
export const LOGIN_ISSUE = '/run/issue.d/60-goodboot.issue';

/** Two rows of the narrowest console that people still have. */
const MAX_LINE = 2 * 79;
const WHO = 'goodboot: ';

/**
 * What a console shows above its login prompt: what is wrong with this boot, and the command that says more. Null for a
 * boot that is good, since a line that is always there is not read. `left`: as in the message of the day.
 */
export function loginIssueText(report: BootToTell, left: string | null): string | null {
  const isBack = wentBack(report, left);
  if (report.verdict === 'good' && !isBack) return null;
  const which = left === null ? 'an update' : `update ${left.slice(0, 12)}`;
  const gone =
    report.verdict === 'good' ? `${which} failed its trial and was left again` : `${which} failed; ${badness(report)}`;
  const what = isBack ? gone : badness(report);
  const more = isBack ? '"goodboot status" and "goodboot trial evidence" say more' : '"goodboot status" says more';
  return `${[what, more].map(consoleLine).join('\n')}\n\n`;
}

/** What cost this boot: the first check with its reason, since nothing else has room. */
function badness({ verdict, checks }: BootToTell): string {
  const failed = checks.filter((check) => check.required && hasFailed(check));
  const first = failed.find(({ outcome }) => outcome.state === 'fail') ?? failed[0];
  const what = verdict === 'bad' ? 'this boot is BAD' : 'it cannot be told whether this boot is good';
  if (first === undefined) return what;
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more)`;
  return `${what}: ${first.name}${others}: ${reasonOf(first.outcome)}`;
}

/** A line that every console can show. agetty replaces what a backslash starts; a doubled one stands for itself. */
const consoleLine = (text: string): string => {
  const plain = oneLine(text).replace(/[^ -~]/gu, '?');
  const room = MAX_LINE - WHO.length;
  const cut = plain.length <= room ? plain : `${plain.slice(0, room - 3)}...`;
  return `${WHO}${cut.replaceAll('\\', '\\\\')}`;
};

/**
 * The deployment that the boot loader gave up for this boot, from the ledger; null: none, or it was a drill's. A boot is
 * judged more than once.
 */
export function leftInBoot(records: readonly LedgerRecord[], bootId: string): string | null {
  const found = records.findLast(
    (record) =>
      record.event === 'trial' &&
      record.bootId === bootId &&
      (record.step === 'fell-back' ||
        record.step === 'drilled' ||
        record.step === 'environment' ||
        (record.step === 'ended-bad' && record.detail !== 'by hand')),
  );
  return found?.event === 'trial' && found.step !== 'drilled' ? found.deployment : null;
}
