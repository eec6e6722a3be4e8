import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlannedCheck } from '../../src/ports/check.ts';
import type { CheckRunner } from '../../src/ports/check-runner.ts';

/** Runners whose check program is test/fixtures/programs/stand-in.sh, and ends after a second when it is named `hangs`. */
export interface RunnerSubject {
  readonly runner: CheckRunner;
  /** A runner whose check program does not exist, as far as the check `missing` is concerned. */
  readonly missing: CheckRunner;
  readonly stop?: () => Promise<void>;
}

/** A check that the stand-in knows by its name. */
export const standIn = (name: string): PlannedCheck => ({
  name,
  type: 'stand-in',
  required: true,
  withinMs: 0,
  stableMs: 0,
  timeoutMs: 1000,
  options: { needle: 'x' },
});

/** How each check ends, and after which words of reason. */
const ENDS: readonly (readonly [name: string, outcome: object])[] = [
  ['passes', { state: 'pass', facts: { seen: 1 } }],
  ['fails', { state: 'fail', reason: 'it is not there', facts: { seen: 0 } }],
  ['skips', { state: 'skip', reason: 'nothing to look at' }],
  ['errs', { state: 'error', code: 'CHECK_THREW', reason: 'what is this' }],
  ['reads-plan', { state: 'pass' }],
  ['leaves-a-child', { state: 'pass' }],
  ['says-pass-and-fails', { state: 'error', code: 'RESULT_INVALID' }],
  ['says-fail-and-passes', { state: 'error', code: 'RESULT_INVALID' }],
  ['says-fail-and-skips', { state: 'error', code: 'RESULT_INVALID' }],
  ['says-nothing', { state: 'error', code: 'RESULT_MISSING' }],
  ['says-nothing-and-fails', { state: 'error', code: 'RESULT_MISSING' }],
  ['says-half', { state: 'error', code: 'RESULT_INVALID', reason: expect.stringContaining('truncated') }],
  ['says-another-name', { state: 'error', code: 'RESULT_INVALID' }],
  ['says-no-outcome', { state: 'error', code: 'RESULT_INVALID' }],
  // Either it may say so much and is told apart by the length, or it is not let.
  ['floods', { state: 'error', code: expect.stringMatching(/^(RESULT_TOO_LARGE|CHECK_CRASHED)$/) }],
  ['crashes', { state: 'error', code: 'CHECK_CRASHED', reason: expect.stringContaining('exit status 1') }],
  ['is-killed', { state: 'error', code: 'CHECK_KILLED' }],
  ['is-faulty', { state: 'error', code: 'CHECK_KILLED' }],
  ['hangs', { state: 'error', code: 'CHECK_TIMEOUT', reason: expect.stringContaining('hung') }],
];
const NEVER = new AbortController().signal;

/** The contract of the port `CheckRunner`: whatever the program does, there is an outcome, and in time. */
export function describeCheckRunner(title: string, make: () => Promise<RunnerSubject>): void {
  describe(`check runner of ${title}`, () => {
    let subject: RunnerSubject;
    beforeAll(async () => {
      subject = await make();
      const names = [...ENDS.map(([name]) => name), 'waits', 'missing'];
      await subject.runner.prepare(names.map(standIn));
    }, 60_000);
    afterAll(() => subject?.stop?.());

    test.each(ENDS)('a check that %s', async (name, outcome) => {
      const end = await subject.runner.run(standIn(name), NEVER);
      expect(end.outcome).toMatchObject(outcome);
      expect(end.durationMs).toBeGreaterThan(0);
      expect(end.durationMs).toBeLessThan(10_000);
    });

    test('a check that cannot be started', async () => {
      const { outcome } = await subject.missing.run(standIn('missing'), NEVER);
      expect(outcome).toMatchObject({ state: 'error', code: 'CHECK_NOT_STARTED' });
    });

    test('a check that waits is ended when nobody can wait any longer', async () => {
      const over = new AbortController();
      const running = subject.runner.run(standIn('waits'), over.signal);
      // Another one is through: so this one runs.
      await subject.runner.run(standIn('passes'), NEVER);
      over.abort(new Error('the time is over'));
      const { outcome, durationMs } = await running;
      expect(outcome).toMatchObject({ state: 'error', code: 'CHECK_TIMEOUT' });
      expect(durationMs).toBeLessThan(10_000);
    });

    test('a check whose time was over before it began', async () => {
      const { outcome } = await subject.runner.run(standIn('passes'), AbortSignal.abort(new Error('too late')));
      expect(outcome).toMatchObject({ state: 'error', code: 'CHECK_TIMEOUT', reason: 'too late' });
    });

    test('a check may be run again, and has no outcome of the time before', async () => {
      expect((await subject.runner.run(standIn('fails'), NEVER)).outcome.state).toBe('fail');
      expect((await subject.runner.run(standIn('fails'), NEVER)).outcome.state).toBe('fail');
    });

    test('many checks run at once, and each has its own outcome', async () => {
      const names = ['passes', 'fails', 'skips', 'errs', 'crashes', 'says-nothing', 'reads-plan'];
      const ends = await Promise.all(names.map((name) => subject.runner.run(standIn(name), NEVER)));
      expect(ends.map(({ outcome }) => outcome.state)).toEqual([
        'pass',
        'fail',
        'skip',
        ...Array(3).fill('error'),
        'pass',
      ]);
    });
  });
}
