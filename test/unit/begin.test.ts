import { describe, expect, test } from 'vitest';
import { type BeginAction, type BeginFacts, begin } from '../../src/core/begin.ts';
import type { Trial } from '../../src/core/trial.ts';

const trial: Trial = {
  deployment: 'new',
  from: 'old',
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: [],
};
const fellBack: Trial = { ...trial, counted: 0, phase: 'fell-back' };
const byHand: Trial = { ...fellBack, byHand: { onTrial: false, deny: true } };
const boot: BeginFacts = {
  startedBy: 'boot-loader',
  booted: 'new',
  deployments: ['new', 'old'],
  trial,
  counter: 2,
  denied: [],
  ranBefore: ['old', 'older'],
  crashes: { count: 0, limit: 3, elsewhere: false },
};
const settled: BeginFacts = { ...boot, trial: null, counter: null, crashes: { count: 3, limit: 3, elsewhere: false } };

const NOTE: BeginAction = { kind: 'note-fallback' };
const backTo = (deployment: string, value: number): readonly BeginAction[] => [
  { kind: 'set-counter', value },
  { kind: 'make-default', deployment },
  { kind: 'set-counter', value: null },
];
const BACK = backTo('old', 3);
const END: BeginAction = { kind: 'end-by-hand' };
/** An attempt, with the way back named. */
const attempt = (left: number): readonly BeginAction[] => [
  { kind: 'note-attempt', left },
  { kind: 'name-fallback', deployment: 'old' },
];
const LEAVE: BeginAction = { kind: 'reboot', why: 'back-to-default' };
const withdrawn = (
  why: 'deployment-is-gone' | 'not-the-default-any-more' | 'never-counted',
): readonly BeginAction[] => [
  { kind: 'set-counter', value: null },
  { kind: 'withdraw', why },
];

type Row = [name: string, change: Partial<BeginFacts>, actions: readonly BeginAction[]];

describe('a boot during a trial begins', () => {
  test.each<Row>([
    ['the deployment on trial runs, and was counted', {}, attempt(2)],
    ['it is the last attempt', { counter: 0 }, attempt(0)],
    ['the boot was not counted: kexec, or no fragment', { counter: 3 }, [{ kind: 'note-uncounted' }]],
    ['a power cut came after the mark', { counter: null, trial: { ...trial, counted: 2 } }, [{ kind: 'close-good' }]],
    ['its boots were never counted', { counter: null }, withdrawn('never-counted')],
    ['the fallback', { booted: 'old', counter: -1 }, [NOTE, ...BACK]],
    ['the fallback entry was the wrong one', { booted: 'third', counter: -1 }, [NOTE, ...BACK, LEAVE]],
    [
      'the order was changed by hand, so that the fallback entry was the one on trial',
      { counter: -1, deployments: ['old', 'new'] },
      [NOTE, ...BACK, LEAVE],
    ],
    [
      'a third could not be dropped and used the attempts up, so that the fallback entry was the one on trial',
      { counter: -1, deployments: ['third', 'new', 'old'] },
      [NOTE, ...BACK, LEAVE],
    ],
    ['the same, but what it came from is gone', { counter: -1, deployments: ['third', 'new'] }, attempt(-1)],
    [
      'attempts are used up, and it is booted, and nobody knows what is the default',
      { counter: -1, deployments: null },
      attempt(-1),
    ],
    ['attempts are used up, and yet it is booted: a person chose it', { counter: -1 }, attempt(-1)],
    ['a person chose the old entry: the attempt is given back', { booted: 'old' }, [{ kind: 'set-counter', value: 3 }]],
    ['a person chose the old entry, and nothing was counted', { booted: 'old', counter: 3 }, []],
    ['what was staged was never written', { booted: 'old', deployments: ['old'] }, withdrawn('deployment-is-gone')],
    [
      'a person made the old deployment the default',
      { booted: 'old', deployments: ['old', 'new'] },
      withdrawn('not-the-default-any-more'),
    ],
    ['the backend could not tell', { booted: 'old', counter: -1, deployments: null }, []],
    ['the fallback is made permanent again at each boot', { booted: 'old', trial: fellBack, counter: null }, BACK],
    ['a cut in the middle of going back', { trial: fellBack, counter: 2 }, [...BACK, LEAVE]],
    [
      'a third deployment runs while going back: the entry to go back to has another name now',
      { booted: 'third', trial: fellBack, deployments: ['new', 'third', 'old'] },
      [{ kind: 'name-fallback', deployment: 'old' }],
    ],
    [
      'a third while going back, and the backend could not tell',
      { booted: 'third', trial: fellBack, deployments: null },
      [],
    ],
    [
      'a cut in the middle of going back, and another update is the default by now',
      { booted: 'third', trial: fellBack, deployments: ['third', 'old'], counter: 2 },
      [...BACK, LEAVE],
    ],
    [
      'what it goes back to has become the default by itself, and the fallback entry is another',
      { booted: 'third', trial: fellBack, deployments: ['old', 'third'], counter: -1 },
      [...BACK, LEAVE],
    ],
    [
      'the same, but nothing leads there: a person chose it',
      { booted: 'third', trial: fellBack, deployments: ['old', 'third'], counter: null },
      [],
    ],
    [
      'another update is the default, but nothing is counted: a person wanted it so',
      { booted: 'third', trial: fellBack, deployments: ['third', 'old'], counter: null },
      [],
    ],
    [
      'another update is the default, but the boot loader would have chosen the fallback: the next boot is to find it',
      { booted: 'third', trial: fellBack, deployments: ['third', 'old'], counter: -1 },
      [{ kind: 'name-fallback', deployment: 'old' }],
    ],
    [
      'the boot loader fell back to a third while going back',
      { booted: 'third', deployments: ['new', 'third', 'old'], trial: fellBack, counter: -1 },
      [...BACK, LEAVE],
    ],
    [
      'the boot loader fell back to a third while a person goes back',
      { booted: 'third', deployments: ['new', 'third', 'old'], trial: byHand, counter: -1 },
      [...BACK, END, LEAVE],
    ],
    [
      'what it goes back to was removed',
      { booted: 'third', trial: fellBack, deployments: ['third', 'new'] },
      withdrawn('deployment-is-gone'),
    ],
    [
      'what it goes back to was removed, and the one on trial is the default',
      { booted: 'third', trial: fellBack, deployments: ['new', 'third'], counter: -1 },
      [],
    ],
    ['a person goes back, and a cut left it unfinished', { trial: byHand, counter: 2 }, [...BACK, END, LEAVE]],
    ['a person goes back, and only the end was cut', { booted: 'old', trial: byHand, counter: null }, [...BACK, END]],
    [
      'a person goes back, and something third has become the default',
      { booted: 'third', trial: byHand, deployments: ['third', 'new', 'old'] },
      withdrawn('not-the-default-any-more'),
    ],
    ['no boot loader started it', { startedBy: 'kexec' }, []],
    ['no deployments here', { booted: null }, []],
  ])('%s', (_name, change, actions) => {
    expect(begin({ ...boot, ...change })).toEqual(actions);
  });
});

describe('a boot without a trial begins', () => {
  const crashLoop = (from: string): readonly BeginAction[] => [
    {
      kind: 'note-crash-loop',
      trial: { ...fellBack, deployment: 'new', from, attempts: 1, counted: 1, baselineFailures: null },
    },
    ...backTo(from, 1),
    { kind: 'reboot', why: 'crash-loop' },
  ];
  test.each<Row>([
    ['crashed too often: treated as a failed trial', {}, crashLoop('old')],
    ['never back to what is denied', { deployments: ['new', 'old', 'older'], denied: ['old'] }, crashLoop('older')],
    ['not often enough', { crashes: { count: 2, limit: 3, elsewhere: false } }, []],
    [
      'another deployment crashed as often: it is the power supply',
      { crashes: { count: 3, limit: 3, elsewhere: true } },
      [],
    ],
    ['never to what did not come up here', { ranBefore: ['new'] }, []],
    ['nothing else to boot', { deployments: ['new'] }, []],
    ['everything else is denied', { denied: ['old'] }, []],
    ['it is not the default: a person chose it', { deployments: ['old', 'new'] }, []],
    ['the backend could not tell', { deployments: null }, []],
  ])('%s', (_name, change, actions) => {
    expect(begin({ ...settled, ...change })).toEqual(actions);
  });
});
