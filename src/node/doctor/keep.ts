import { type DoctorSummary, doctorSummary } from '../../core/doctor/summary.ts';
import { type DoctorReport, isSameResult, reasonOf } from '../../core/doctor.ts';
import { GoodbootError } from '../../core/errors.ts';
import type { Files } from '../../ports/files.ts';
import type { Journal } from '../../ports/journal.ts';

/** The last answer, kept over boots: a report carries it, and only what is new goes to the journal. */
export const DOCTOR = '/var/lib/goodboot/doctor.json';
const MAX_BYTES = 256 * 1024;

/** Null: nothing was asked yet, or what is kept is not understood. It is made anew in either case. */
export async function readDoctor(files: Files): Promise<DoctorReport | null> {
  try {
    const bytes = await files.readBytes(DOCTOR, MAX_BYTES);
    const value: unknown = bytes === null ? null : JSON.parse(bytes.toString('utf8'));
    return isReport(value) ? value : null;
  } catch (error) {
    if (error instanceof GoodbootError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The last answer in short, for reports. Null: not known; that is no fault of the boot that is judged. */
export async function readDoctorSummary(files: Files): Promise<DoctorSummary | null> {
  const report = await readDoctor(files);
  return report === null ? null : doctorSummary(report);
}

/** This program wrote it, maybe in another release: what its readers rely on is looked at. */
const isReport = (value: unknown): value is DoctorReport =>
  isObject(value) &&
  value['kind'] === 'Doctor' &&
  ['yes', 'no', 'not-sure'].includes(String(value['answer'])) &&
  typeof value['time'] === 'string' &&
  Array.isArray(value['findings']) &&
  value['findings'].every((each: unknown) => isObject(each) && hasStrings(each, ['id', 'title', 'state']));

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object';
const hasStrings = (value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean =>
  keys.every((key) => typeof value[key] === 'string');

/**
 * Keeps the answer, and says it in the journal when it is another one than before.
 * @throws GoodbootError FILE_UNWRITABLE; the journal was told all the same
 */
export async function keepDoctor(files: Files, journal: Journal, report: DoctorReport): Promise<void> {
  const before = await readDoctor(files);
  if (before === null || !isSameResult(before, report)) {
    const { answer } = report;
    const fields = { GOODBOOT_ANSWER: answer, GOODBOOT_REASON: reasonOf(report) };
    journal.event(answer === 'yes' ? 'rollback-ready' : 'rollback-not-ready', fields);
  }
  await files.replace(DOCTOR, `${JSON.stringify(report)}\n`, 0o644);
}
