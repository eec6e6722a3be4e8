import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decide, type Facts } from '../../src/core/decide.ts';
import { type CheckResult, errored, fail, pass } from '../../src/core/outcome.ts';
import type { BootFacts, Trial } from '../../src/core/trial.ts';

const PAGE = resolve(import.meta.dirname, '../../docs/explanation/verdict.md');

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);
const trial: Trial = {
  deployment: NEW,
  from: OLD,
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: ['app'],
};
const boot: BootFacts = {
  startedBy: 'boot-loader',
  booted: OLD,
  trial: null,
  counter: null,
  canFallBack: true,
  soaked: false,
  regressionReboots: 0,
};
const onTrial: BootFacts = { ...boot, booted: NEW, trial, counter: 2 };
const fallback: BootFacts = { ...boot, trial, counter: -1 };
const policy = { soak: true, onRegression: 'hold', regressionReboots: 3 } as const;
const rebooting = { ...policy, onRegression: 'reboot' } as const;

/** What the first two columns of the table stand for: each way to be in that place. */
const PLACES: Readonly<Record<string, readonly Omit<Facts, 'results'>[]>> = {
  'settled, nothing else': [{ boot, policy }],
  'settled, `onRegression: reboot`': [{ boot, policy: rebooting }],
  'settled, `onRegression: reboot`, rebooted `trial.attempts` times in a row': [
    { boot: { ...boot, regressionReboots: 3 }, policy: rebooting },
  ],
  'settled, a container, a live system or kexec': (['container', 'live', 'kexec'] as const).map((startedBy) => ({
    boot: { ...boot, startedBy },
    policy,
  })),
  'on-trial, attempts are left': [{ boot: onTrial, policy }],
  'on-trial, no attempt is left': [{ boot: { ...onTrial, counter: 0 }, policy }],
  'on-trial, the soak is over, or there is none': [
    { boot: { ...onTrial, soaked: true }, policy },
    { boot: onTrial, policy: { ...policy, soak: false } },
  ],
  'on-trial, there is nothing to fall back to': [{ boot: { ...onTrial, canFallBack: false }, policy }],
  'fallback, nothing else': [{ boot: fallback, policy }],
  'fallback, the same checks failed before, during and after the trial': [
    { boot: { ...fallback, trial: { ...trial, baselineFailures: ['app'] } }, policy },
  ],
  'by-hand, nothing else': [{ boot: { ...fallback, counter: 1 }, policy }],
};

const OUTCOMES = { good: pass(), 'could not tell': errored('DBUS_TIMEOUT', 'no answer'), bad: fail('it is down') };

const cells = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const table = readFileSync(PAGE, 'utf8')
  .split('\n')
  .filter((line) => /^\| (settled|on-trial|fallback|by-hand) /.test(line))
  .map(cells);

describe('the table of actions in docs/explanation/verdict.md', () => {
  test('has a row for each place where a boot can stand', () => {
    expect(table.map(([standing, and]) => `${standing}, ${and}`)).toEqual(Object.keys(PLACES));
  });

  test.each(table)('says what decide does: %s, %s', (standing, and, ...told) => {
    for (const [at, outcome] of Object.values(OUTCOMES).entries()) {
      if (told[at] === 'not possible') continue;
      const results: readonly CheckResult[] = [{ name: 'app', type: 'units', required: true, outcome, durationMs: 1 }];
      for (const place of PLACES[`${standing}, ${and}`] ?? []) {
        const decision = decide({ results, ...place });
        expect(decision.standing).toBe(standing);
        expect(decision.actions.map(({ kind }) => kind).join(', ')).toBe(told[at]);
      }
    }
  });
});
