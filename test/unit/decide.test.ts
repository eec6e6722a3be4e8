import { describe, expect, it } from 'vitest';
import { type Action, decide, type Policy, type Verdict } from '../../src/core/decide.ts';
import { type CheckResult, errored, fail, type Outcome, pass, skip } from '../../src/core/outcome.ts';
import type { BootFacts, Standing, Trial } from '../../src/core/trial.ts';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);

const result = (outcome: Outcome, required = true, name = 'app'): CheckResult => ({
  name,
  type: 'units',
  required,
  outcome,
  durationMs: 1,
});
const GOOD = [result(pass())];
const BAD = [result(fail('app.service failed'))];
const UNSURE = [result(errored('DBUS_TIMEOUT', 'no answer'))];

const settledBoot: BootFacts = {
  startedBy: 'boot-loader',
  booted: OLD,
  trial: null,
  counter: null,
  canFallBack: true,
  soaked: false,
  regressionReboots: 0,
};
const trial: Trial = {
  deployment: NEW,
  from: OLD,
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: [],
};
const onTrial = (counter: number, more: Partial<BootFacts> = {}): BootFacts => ({
  ...settledBoot,
  booted: NEW,
  trial,
  counter,
  ...more,
});
const fallback = (more: Partial<BootFacts> = {}): BootFacts => ({ ...settledBoot, trial, counter: -1, ...more });
const policy: Policy = { soak: true, onRegression: 'hold', regressionReboots: 3 };

const MARK: Action = { kind: 'mark-good' };
const hold = (why: Extract<Action, { kind: 'hold' }>['why']): Action => ({ kind: 'hold', why });
const reboot = (why: Extract<Action, { kind: 'reboot' }>['why']): Action => ({ kind: 'reboot', why });
const ROLL_BACK: Action = { kind: 'roll-back', from: NEW, to: OLD };
const DENY: Action = { kind: 'deny', deployment: NEW };
const ended = (how: 'good' | 'rolled-back' | 'environment'): Action => ({ kind: 'end-trial', result: how });

type Row = [
  name: string,
  results: readonly CheckResult[],
  boot: BootFacts,
  policy: Policy,
  verdict: Verdict,
  standing: Standing,
  actions: readonly Action[],
];

const envTrial: Trial = { ...trial, baselineFailures: ['app'], trialFailures: ['app'] };

const ROWS: readonly Row[] = [
  ['a good boot without a trial is marked', GOOD, settledBoot, policy, 'good', 'settled', [MARK]],
  ['a bad boot without a trial stays up', BAD, settledBoot, policy, 'bad', 'settled', [hold('regression')]],
  [
    'an indeterminate boot without a trial stays up',
    UNSURE,
    settledBoot,
    policy,
    'indeterminate',
    'settled',
    [hold('indeterminate')],
  ],
  [
    'onRegression: reboot reboots',
    BAD,
    settledBoot,
    { ...policy, onRegression: 'reboot' },
    'bad',
    'settled',
    [reboot('regression')],
  ],
  [
    'onRegression: reboot stops at its bound',
    BAD,
    { ...settledBoot, regressionReboots: 3 },
    { ...policy, onRegression: 'reboot' },
    'bad',
    'settled',
    [hold('regression')],
  ],
  [
    'onRegression: reboot does not reboot for what could not be told',
    UNSURE,
    settledBoot,
    { ...policy, onRegression: 'reboot' },
    'indeterminate',
    'settled',
    [hold('indeterminate')],
  ],
  [
    'the first boot ever is bad: it stays up',
    BAD,
    { ...settledBoot, booted: null },
    policy,
    'bad',
    'settled',
    [hold('regression')],
  ],
  [
    'a kexec boot of the trial spends no attempt',
    BAD,
    onTrial(2, { startedBy: 'kexec' }),
    policy,
    'bad',
    'settled',
    [hold('not-started-by-boot-loader')],
  ],
  [
    'a container is never marked',
    GOOD,
    { ...settledBoot, startedBy: 'container' },
    policy,
    'good',
    'settled',
    [hold('not-started-by-boot-loader')],
  ],
  [
    'a live system is never marked',
    GOOD,
    { ...settledBoot, startedBy: 'live' },
    policy,
    'good',
    'settled',
    [hold('not-started-by-boot-loader')],
  ],
  ['a good trial soaks first', GOOD, onTrial(2), policy, 'good', 'on-trial', [{ kind: 'soak' }]],
  [
    'a soaked trial is marked and ended',
    GOOD,
    onTrial(2, { soaked: true }),
    policy,
    'good',
    'on-trial',
    [MARK, ended('good')],
  ],
  [
    'without soak a good trial is marked at once',
    GOOD,
    onTrial(2),
    { ...policy, soak: false },
    'good',
    'on-trial',
    [MARK, ended('good')],
  ],
  ['a bad trial with attempts left reboots', BAD, onTrial(2), policy, 'bad', 'on-trial', [reboot('next-attempt')]],
  [
    'a trial that turns bad in the soak reboots',
    BAD,
    onTrial(2, { soaked: true }),
    policy,
    'bad',
    'on-trial',
    [reboot('next-attempt')],
  ],
  [
    'a bad trial without attempts left reboots into the fallback',
    BAD,
    onTrial(0),
    policy,
    'bad',
    'on-trial',
    [reboot('to-fallback')],
  ],
  [
    'on trial, what could not be told counts as bad',
    UNSURE,
    onTrial(1),
    policy,
    'indeterminate',
    'on-trial',
    [reboot('next-attempt')],
  ],
  [
    'a bad trial with nothing to fall back to stays up',
    BAD,
    onTrial(1, { canFallBack: false }),
    policy,
    'bad',
    'on-trial',
    [hold('nothing-to-fall-back-to')],
  ],
  [
    'a bad trial stays up when nobody can tell whether a fallback is there',
    BAD,
    onTrial(1, { canFallBack: null }),
    policy,
    'bad',
    'on-trial',
    [hold('nothing-to-fall-back-to')],
  ],
  [
    'a trial that nothing counts is not on trial',
    BAD,
    onTrial(0, { counter: null }),
    policy,
    'bad',
    'settled',
    [hold('regression')],
  ],
  [
    'the fallback is made permanent, the deployment denied',
    GOOD,
    fallback(),
    policy,
    'good',
    'fallback',
    [ROLL_BACK, DENY, ended('rolled-back'), MARK],
  ],
  [
    'a fallback that is bad too stays up',
    BAD,
    fallback(),
    policy,
    'bad',
    'fallback',
    [ROLL_BACK, DENY, ended('rolled-back'), hold('fallback-is-bad-too')],
  ],
  [
    'what fails before, during and after is the environment: nothing is denied',
    BAD,
    fallback({ trial: envTrial }),
    policy,
    'bad',
    'fallback',
    [ROLL_BACK, ended('environment'), hold('fallback-is-bad-too')],
  ],
  [
    'what did not fail in the baseline is the fault of the deployment',
    BAD,
    fallback({ trial: { ...envTrial, baselineFailures: [] } }),
    policy,
    'bad',
    'fallback',
    [ROLL_BACK, DENY, ended('rolled-back'), hold('fallback-is-bad-too')],
  ],
  [
    'an unknown baseline does not excuse the deployment',
    BAD,
    fallback({ trial: { ...envTrial, baselineFailures: null } }),
    policy,
    'bad',
    'fallback',
    [ROLL_BACK, DENY, ended('rolled-back'), hold('fallback-is-bad-too')],
  ],
  [
    'an old entry chosen by hand is no fallback',
    GOOD,
    fallback({ counter: 1 }),
    policy,
    'good',
    'by-hand',
    [hold('chosen-by-hand')],
  ],
  [
    'a third deployment chosen by hand is no fallback',
    BAD,
    fallback({ booted: 'c'.repeat(64) }),
    policy,
    'bad',
    'by-hand',
    [hold('chosen-by-hand')],
  ],
  [
    'a fallback that booted the deployment on trial again ends the chain',
    BAD,
    onTrial(-1),
    policy,
    'bad',
    'on-trial',
    [hold('nothing-to-fall-back-to')],
  ],
];

describe('decide', () => {
  it.each(ROWS)('%s', (_name, results, boot, rules, verdict, standing, actions) => {
    expect(decide({ results, boot, policy: rules })).toMatchObject({ verdict, standing, actions });
  });

  it.each([
    ['a wanted failure does not cost the boot', [...GOOD, result(fail('x'), false)], 'good'],
    ['a wanted error does not cost the boot', [...GOOD, result(errored('INTERNAL', 'x'), false)], 'good'],
    ['a failure outweighs an error', [...UNSURE, ...BAD], 'bad'],
    ['an error outweighs a pass', [...GOOD, ...UNSURE], 'indeterminate'],
    ['a skipped required check does not cost the boot', [...GOOD, result(skip('not here'))], 'good'],
  ] as const)('%s', (_name, results, verdict) => {
    expect(decide({ results, boot: settledBoot, policy }).verdict).toBe(verdict);
  });

  it.each([
    ['no check at all', [], true],
    ['only wanted checks', [result(pass(), false)], true],
    ['only skipped required checks', [result(skip('not here'))], true],
    ['a required check that passed', GOOD, false],
    ['a required check that could not tell', UNSURE, false],
  ] as const)('says out loud that nothing required was checked: %s', (_name, results, nothingRequired) => {
    expect(decide({ results, boot: settledBoot, policy }).nothingRequired).toBe(nothingRequired);
  });
});
