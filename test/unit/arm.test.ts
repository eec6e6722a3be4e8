import { describe, expect, test } from 'vitest';
import { type ArmAction, type ArmFacts, decideArm } from '../../src/core/arm.ts';
import type { Trial } from '../../src/core/trial.ts';

const trial: Trial = {
  deployment: 'new',
  from: 'old',
  attempts: 3,
  counted: 2,
  phase: 'armed',
  baselineFailures: [],
  trialFailures: [],
};
const staged = (id: string) => ({ id, staged: true, seen: false });
const inMenu = (id: string, seen = true) => ({ id, staged: false, seen });
const update: ArmFacts = {
  booted: 'old',
  next: staged('new'),
  inMenu: 'old',
  trial: null,
  counter: null,
  success: true,
  denied: [],
  chosen: null,
  fragment: 'installed',
  canCount: true,
  needsPassword: false,
  attempts: 3,
};
const armed: ArmFacts = { ...update, trial, counter: 2, success: false };
const running: ArmFacts = { ...armed, booted: 'new', inMenu: 'new' };

const ARM: ArmAction = { kind: 'arm', deployment: 'new', from: 'old', attempts: 3 };
const nothing = (why: Extract<ArmAction, { kind: 'nothing' }>['why']): ArmAction => ({ kind: 'nothing', why });
const drop = (deployment: string, why: 'denied' | 'trial-is-open', isStaged = true): ArmAction => {
  return { kind: 'drop', deployment, staged: isStaged, why };
};
const refuse = (why: Extract<ArmAction, { kind: 'refuse' }>['why']): ArmAction => ({
  kind: 'refuse',
  deployment: 'new',
  why,
});

describe('an update', () => {
  test.each<[name: string, facts: ArmFacts, actions: readonly ArmAction[]]>([
    ['staged: armed', update, [ARM]],
    ['in the menu already, and never booted: armed', { ...update, next: inMenu('new', false), inMenu: 'new' }, [ARM]],
    [
      'is none when a person booted an older entry',
      { ...update, next: inMenu('new'), inMenu: 'new' },
      [nothing('no-update')],
    ],
    ['is none when what runs is next', { ...update, next: inMenu('old') }, [nothing('no-update')]],
    ['booted before and staged again: armed', { ...update, next: { ...staged('new'), seen: true } }, [ARM]],
    [
      'is none when the default of the menu is staged again',
      { ...update, next: { ...staged('new'), seen: true }, inMenu: 'new' },
      [nothing('no-update')],
    ],
    ['the fragment is not there', { ...update, fragment: 'absent' }, [refuse('fragment-absent')]],
    ['nobody knows about the fragment', { ...update, fragment: 'unknown' }, [refuse('fragment-unknown')]],
    ['the counter cannot be written', { ...update, canCount: false }, [refuse('counter-not-writable-by-boot-loader')]],
    ['GRUB would wait for a password', { ...update, needsPassword: true }, [refuse('fallback-needs-password')]],
    ['no deployments', { ...update, booted: null }, [nothing('could-not-tell')]],
    ['nothing is next', { ...update, next: null }, [nothing('could-not-tell')]],
    ['denied and staged', { ...update, denied: ['new'] }, [drop('new', 'denied')]],
    ['denied and in the menu', { ...update, next: inMenu('new'), denied: ['new'] }, [drop('new', 'denied', false)]],
    ['armed before', armed, [nothing('armed-already')]],
    [
      'armed before, without a counter',
      { ...armed, counter: null },
      [{ kind: 'set-counter', deployment: 'new', value: 2 }],
    ],
    [
      'armed before, and the mark is in the way',
      { ...armed, success: true },
      [{ kind: 'set-counter', deployment: 'new', value: 2 }],
    ],
    ['armed and denied since', { ...armed, denied: ['new'] }, [drop('new', 'denied')]],
    [
      'withdrawn before it was written',
      { ...armed, next: inMenu('old') },
      [{ kind: 'withdraw', deployment: 'new' }, nothing('no-update')],
    ],
    [
      'replaced before it was written',
      { ...armed, next: staged('newer') },
      [
        { kind: 'withdraw', deployment: 'new' },
        { ...ARM, deployment: 'newer' },
      ],
    ],
    [
      'comes when one is written and waits',
      { ...armed, inMenu: 'new', next: staged('newer') },
      [drop('newer', 'trial-is-open')],
    ],
    ['comes again when it is written and waits', { ...armed, inMenu: 'new' }, [drop('new', 'trial-is-open')]],
    ['comes during a trial', { ...running, next: staged('newer') }, [drop('newer', 'trial-is-open')]],
    ['does not come during a trial', { ...running, next: inMenu('new') }, [nothing('trial-is-open')]],
    [
      'is none when a trial is rolled back by hand',
      { ...running, next: inMenu('old'), inMenu: 'old' },
      [nothing('trial-is-open')],
    ],
    ['comes while falling back', { ...armed, trial: { ...trial, phase: 'fell-back' } }, [drop('new', 'trial-is-open')]],
    [
      'denied by hand while the node goes back: the order is left alone',
      { ...armed, trial: { ...trial, phase: 'fell-back' }, next: inMenu('new'), inMenu: 'new', denied: ['new'] },
      [nothing('trial-is-open')],
    ],
    [
      'never takes away what is fallen back to, denied or not',
      { ...running, trial: { ...trial, phase: 'fell-back' }, next: inMenu('old'), denied: ['old'] },
      [nothing('trial-is-open')],
    ],
    [
      'comes after a trial that was marked good by hand',
      { ...running, counter: null, next: staged('newer') },
      [
        { kind: 'close-good', deployment: 'new' },
        { ...ARM, deployment: 'newer', from: 'new' },
      ],
    ],
  ])('%s', (_name, facts, actions) => {
    expect(decideArm(facts)).toEqual(actions);
  });
});
