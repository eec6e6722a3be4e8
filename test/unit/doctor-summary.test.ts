import { expect, test } from 'vitest';
import { type DoctorSummary, doctorSentence } from '../../src/core/doctor/summary.ts';

const time = '2026-11-21T09:45:11.519Z';
const said = (given: Partial<DoctorSummary>) =>
  doctorSentence({ answer: 'yes', time, failed: [], warned: [], unknown: [], ...given })?.replace(
    / \(asked .*\)$/,
    '',
  ) ?? null;

test.each<[string, Partial<DoctorSummary>, string | null]>([
  ['all in order', {}, null],
  ['warnings, and what a rollback does not need', { warned: ['journal'], unknown: ['collector'] }, null],
  ['a failure that costs no rollback', { failed: ['clock'] }, 'failed: clock'],
  [
    'no',
    { answer: 'no', failed: ['fragment', 'panic'] },
    'a bad update would not be rolled back: failed: fragment, panic',
  ],
  [
    'not sure',
    { answer: 'not-sure', unknown: ['units'] },
    'not sure that a bad update would be rolled back: not told: units',
  ],
  ['not sure of files', { answer: 'not-sure' }, 'not sure that a bad update would be rolled back'],
])('what a status says of the doctor: %s', (_, given, want) => {
  expect(said(given)).toBe(want);
});
