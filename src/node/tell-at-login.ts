import { BOOT_STATUS, bootStatusText } from '../core/boot-status.ts';
import { GoodbootError } from '../core/errors.ts';
import { LOGIN_ISSUE, leftInBoot, loginIssueText } from '../core/login-issue.ts';
import type { VerdictReport } from '../core/verdict-report.ts';
import type { Clock } from '../ports/clock.ts';
import type { Files } from '../ports/files.ts';
import { openLedger } from './ledger.ts';

export interface TellDeps {
  readonly files: Files;
  readonly clock: Clock;
}

/**
 * Writes what people see of this boot where they log in: the message of the day, and what stands above the prompt of a
 * console. The ledger must have the verdict's own steps by now.
 * @throws GoodbootError FILE_UNWRITABLE
 */
export async function tellAtLogin({ files, clock }: TellDeps, report: VerdictReport): Promise<void> {
  const left = await leftDeployment({ files, clock }, report.bootId);
  await tell(files, LOGIN_ISSUE, loginIssueText(report, left));
  await tell(files, BOOT_STATUS, bootStatusText(report, left));
}

async function tell(files: Files, path: string, text: string | null): Promise<void> {
  if (text === null) return files.remove(path);
  await files.makeDirectory(path.slice(0, path.lastIndexOf('/')));
  await files.replace(path, text);
}

/** Null where it cannot be read: the verdict knows whether it is the fallback, and says it without the name. */
async function leftDeployment({ files, clock }: TellDeps, bootId: string): Promise<string | null> {
  try {
    return leftInBoot((await openLedger(files, clock)).records, bootId);
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}
