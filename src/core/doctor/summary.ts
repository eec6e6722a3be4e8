import type { Answer, DoctorReport, FindingState } from '../doctor.ts';

/** What a report says of the doctor: its answer, when it was asked, and the ids of the preconditions that are not in order. */
export interface DoctorSummary {
  readonly answer: Answer;
  /** ISO 8601 in UTC. It may be of a boot before. */
  readonly time: string;
  readonly failed: readonly string[];
  readonly warned: readonly string[];
  /** Could not be told. */
  readonly unknown: readonly string[];
}

export function doctorSummary({ answer, time, findings }: DoctorReport): DoctorSummary {
  const ids = (state: FindingState) => findings.filter((finding) => finding.state === state).map(({ id }) => id);
  return { answer, time, failed: ids('fail'), warned: ids('warn'), unknown: ids('unknown') };
}

/** One sentence where something is not in order; null where all that a rollback stands on is. `null` given: not known. */
export function doctorSentence(summary: DoctorSummary | null): string | null {
  if (summary === null) return 'it is not known whether a bad update would be rolled back: ask "goodboot doctor"';
  const { answer, time, failed, unknown } = summary;
  const asked = `asked ${time.slice(0, 19)}Z; "goodboot doctor" says more`;
  const found = [
    ...(failed.length === 0 ? [] : [`failed: ${failed.join(', ')}`]),
    ...(unknown.length === 0 || answer === 'yes' ? [] : [`not told: ${unknown.join(', ')}`]),
  ].join('; ');
  if (answer === 'yes') return failed.length === 0 ? null : `${found} (${asked})`;
  const what =
    answer === 'no' ? 'a bad update would not be rolled back' : 'not sure that a bad update would be rolled back';
  return `${what}${found === '' ? '' : `: ${found}`} (${asked})`;
}
