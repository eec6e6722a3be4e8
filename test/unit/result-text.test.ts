import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECK_EXIT, errored, fail, type Outcome, pass, skip } from '../../src/core/outcome.ts';
import { agreedOutcome, parseResult, RESULT_LIMIT_BYTES, resultText } from '../../src/core/result-text.ts';

const OUTCOMES: readonly Outcome[] = [
  pass({ free: 12 }),
  fail('down', { units: ['a'] }),
  skip('not here'),
  errored('DBUS_TIMEOUT', 'no answer'),
];
const text = (outcome: Outcome) => resultText({ v: 1, name: 'app', outcome, durationMs: 5, endedMs: 9 });

describe('the result of a check', () => {
  it.each(OUTCOMES)('comes back as it was said: $state', (outcome) => {
    expect(agreedOutcome(text(outcome), CHECK_EXIT[outcome.state], 'app')).toMatchObject(outcome);
  });

  it.each([
    ['nothing', '', 'RESULT_MISSING', 'ended without a result'],
    ['half a result', text(fail('down')).slice(0, 20), 'RESULT_INVALID', 'truncated'],
    ['noise', '\u0000\u0001\n', 'RESULT_INVALID', 'not JSON'],
    [
      'the result of another check',
      text(pass()).replace('app', 'web'),
      'RESULT_INVALID',
      'not the result of this check',
    ],
    [
      'a result without an outcome',
      '{"v":1,"name":"app","durationMs":1,"endedMs":9}\n',
      'RESULT_INVALID',
      'without an outcome',
    ],
    [
      'a fail without a reason',
      '{"v":1,"name":"app","durationMs":1,"endedMs":9,"outcome":{"state":"fail"}}\n',
      'RESULT_INVALID',
      'without an outcome',
    ],
    ['two results', text(pass()) + text(pass()), 'RESULT_INVALID', 'not JSON'],
    ['far too much', 'x'.repeat(RESULT_LIMIT_BYTES + 1), 'RESULT_TOO_LARGE', 'more than'],
  ])('%s is an error with a code, never a verdict', (_name, given, code, message) => {
    expect(agreedOutcome(given, 20, 'app')).toMatchObject({
      state: 'error',
      code,
      reason: expect.stringContaining(message),
    });
  });

  it('is not believed when the exit status says something else', () => {
    expect(agreedOutcome(text(pass()), 20, 'app')).toMatchObject({ state: 'error', code: 'RESULT_INVALID' });
    expect(agreedOutcome(text(fail('x')), 0, 'app')).toMatchObject({ state: 'error', code: 'RESULT_INVALID' });
  });

  it.each([1, 2, 13, 69, 139, 255])('exit status %i is a crash, never a failed check', (status) => {
    expect(agreedOutcome(text(fail('x')), status, 'app')).toMatchObject({ state: 'error', code: 'CHECK_CRASHED' });
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })),
        fc.integer({ min: 0, max: 255 }),
        (given, status) => {
          const { state } = agreedOutcome(given, status, 'app');
          expect(state).toBe('error');
        },
      ),
    );
  });

  it('cut anywhere, is never taken for a whole one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OUTCOMES), fc.nat(), (outcome, at) => {
        const whole = text(outcome);
        const cut = whole.slice(0, at % (whole.length - 1));
        expect(() => parseResult(cut, 'app')).toThrow();
      }),
    );
  });
});
