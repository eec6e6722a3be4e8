import { GoodbootError, messageOf } from '../core/errors.ts';
import type { VerdictReport } from '../core/verdict-report.ts';
import type { Files } from '../ports/files.ts';

export const VERDICT_PATH = '/run/goodboot/verdict.json';

export const writeVerdict = (files: Files, report: VerdictReport): Promise<void> =>
  files.replace(VERDICT_PATH, `${JSON.stringify(report)}\n`);

/** The verdict of this boot (/run does not outlive one); null: none yet. */
export async function readVerdict(files: Files): Promise<VerdictReport | null> {
  const text = await files.readText(VERDICT_PATH);
  if (text === null) return null;
  try {
    // Written by this program, maybe by another release of it: the version is what can differ.
    const report = JSON.parse(text) as VerdictReport;
    if (report.apiVersion !== 'goodboot/v1') throw new Error(`version ${report.apiVersion}`);
    return report;
  } catch (error) {
    throw new GoodbootError('FILE_UNREADABLE', `${VERDICT_PATH}: ${messageOf(error)}`, { cause: error });
  }
}
