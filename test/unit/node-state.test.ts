import { describe, expect, test } from 'vitest';
import type { End } from '../../src/core/last-boot.ts';
import {
  allow,
  crashedElsewhere,
  crashesOf,
  deniedAs,
  deniedIds,
  deny,
  EMPTY_STATE,
  endOfBoot,
  type NodeState,
  parseState,
  type SeenBoot,
  stateText,
  withBoot,
  withTrialFailures,
} from '../../src/core/node-state.ts';
import type { Trial } from '../../src/core/trial.ts';

const trial: Trial = {
  deployment: 'new',
  from: 'old',
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: null,
  trialFailures: ['web'],
};
const boot = (bootId: string, more: Partial<SeenBoot> = {}): SeenBoot => {
  return { bootId, deployment: 'new', startedBy: 'boot-loader', timeMs: 1000, proven: true, ended: 'unclean', ...more };
};
const full: NodeState = {
  v: 1,
  trial,
  denied: [{ deployment: 'bad', since: '2026-01-01T00:00:00Z', why: 'it failed its trial' }],
  boots: [boot('b1')],
};
const booted = (...boots: readonly SeenBoot[]): NodeState => ({ ...EMPTY_STATE, boots });

describe('the text of a state', () => {
  test.each([['empty', EMPTY_STATE] as const, ['full', full] as const])('is read back whole: %s', (_name, state) => {
    expect(parseState(stateText(state))).toEqual(state);
  });

  test.each<[name: string, text: string]>([
    ['nothing', ''],
    ['a torn one', stateText(full).slice(0, 40)],
    ['another version', JSON.stringify({ ...full, v: 2 })],
    ['a trial that goes back to itself', JSON.stringify({ ...full, trial: { ...trial, from: 'new' } })],
    ['a trial in an unknown phase', JSON.stringify({ ...full, trial: { ...trial, phase: 'lost' } })],
    ['a trial without attempts', JSON.stringify({ ...full, trial: { ...trial, attempts: undefined } })],
    ['a counter that is no number', JSON.stringify({ ...full, trial: { ...trial, counted: '3' } })],
    ['a baseline of numbers', JSON.stringify({ ...full, trial: { ...trial, baselineFailures: [1] } })],
    ['a denial of nothing', JSON.stringify({ ...full, denied: [{}] })],
    ['a boot without a time', JSON.stringify({ ...full, boots: [{ bootId: 'b1' }] })],
    ['a list', '[]'],
  ])('is unknown, not empty, when it is %s', (_name, text) => {
    expect(parseState(text)).toBeNull();
  });
});

describe('the boots of a state', () => {
  const { ended: _ended, ...next } = boot('b2');

  test('end as the next one finds them', () => {
    const state = withBoot(booted(boot('b1', { ended: null })), next, { ended: 'clean', verdict: 'good' });
    expect(state.boots).toEqual([boot('b1', { ended: 'clean', verdict: 'good' }), { ...next, ended: null }]);
  });

  test.each<[End, SeenBoot['ended']]>([
    ['clean', 'clean'],
    ['unclean', 'unclean'],
    ['panic', 'unclean'],
    ['watchdog', 'unclean'],
  ])('that ended in this way: %s, are kept as %s, which older versions count by', (end, ended) => {
    const [seen] = withBoot(booted(boot('b1', { ended: null })), next, { ended: end }).boots;
    expect(seen).toMatchObject({ bootId: 'b1', ended });
    expect(seen).not.toHaveProperty('verdict');
    expect(endOfBoot(seen!)).toBe(end);
    expect(crashesOf(booted(seen!), 'new', { sinceMs: 0, nowMs: 2000 })).toBe(end === 'clean' ? 0 : 1);
  });

  test('that are not over have no end', () => {
    expect(endOfBoot(boot('b1', { ended: null }))).toBeNull();
  });

  test('are noted once', () => {
    const state = withBoot(EMPTY_STATE, next, { ended: 'unclean' });
    expect(withBoot(state, next, { ended: 'unclean' })).toBe(state);
  });

  test('are kept, the newest 32', () => {
    let state: NodeState = EMPTY_STATE;
    for (let at = 0; at < 40; at += 1) state = withBoot(state, { ...next, bootId: `b${at}` }, { ended: 'clean' });
    expect(state.boots.map(({ bootId }) => bootId)).toEqual(Array.from({ length: 32 }, (_each, at) => `b${at + 8}`));
  });
});

describe('crashes', () => {
  const window = { sinceMs: 500, nowMs: 2000 };
  const now = boot('now', { ended: null });

  test.each<[name: string, boots: readonly SeenBoot[], count: number]>([
    ['all in a row', [boot('b1'), boot('b2'), boot('b3')], 3],
    ['a clean end breaks the row', [boot('b1'), boot('b2', { ended: 'clean' }), boot('b3')], 1],
    ['another deployment breaks the row', [boot('b1'), boot('b2', { deployment: 'old' }), boot('b3')], 1],
    ['before the window is long ago', [boot('b1', { timeMs: 499 }), boot('b2')], 1],
    ['in the future is not known', [boot('b1'), boot('b2', { timeMs: 2001 })], 0],
    ['none', [], 0],
  ])('%s', (_name, boots, count) => {
    expect(crashesOf(booted(...boots, now), 'new', window)).toBe(count);
  });

  test.each<[name: string, boots: readonly SeenBoot[], elsewhere: boolean]>([
    [
      'another deployment did',
      [boot('b1', { deployment: 'old' }), boot('b2', { deployment: 'old' }), boot('b3')],
      true,
    ],
    ['it did itself', [boot('b1'), boot('b2'), boot('b3')], false],
    ['not in a row', [boot('b1', { deployment: 'old' }), boot('b2'), boot('b3', { deployment: 'old' })], false],
    [
      'with a clean end between',
      [
        boot('b1', { deployment: 'old' }),
        boot('b2', { deployment: 'old', ended: 'clean' }),
        boot('b3', { deployment: 'old' }),
      ],
      false,
    ],
  ])('elsewhere: %s', (_name, boots, elsewhere) => {
    expect(crashedElsewhere(booted(...boots, now), 'new', 2)).toBe(elsewhere);
  });
});

describe('a denial', () => {
  const denial = { deployment: 'new', since: '2026-01-01T00:00:00Z', why: 'by hand' };
  const image = 'sha256:1';
  const once = deny(EMPTY_STATE, denial);
  const both = deny(EMPTY_STATE, { ...denial, image });

  test('is made once, and taken away whole', () => {
    expect(once.denied).toEqual([denial]);
    expect(deny(once, { ...denial, why: 'again' })).toBe(once);
    expect(allow(once, 'new').denied).toEqual([]);
    expect(allow(once, 'old')).toBe(once);
  });

  test('is of its image too, and gets it later where it was not known', () => {
    expect(deny(both, { ...denial, deployment: image })).toBe(both);
    expect(deny(both, denial)).toBe(both);
    expect(deny(once, { ...denial, image, why: 'again' }).denied).toEqual([{ ...denial, image }]);
  });

  test('is of a deployment, or of whatever is made from an image', () => {
    const [same, gone] = [
      { id: 'other', imageDigest: image },
      { id: 'new', imageDigest: null },
    ];
    expect([deniedAs(both, gone), deniedAs(both, same), deniedAs(once, same)]).toEqual(['new', image, null]);
    expect(deniedIds(both, [{ id: 'free', imageDigest: 'sha256:2' }, same, gone])).toEqual(['other', 'new']);
    const byImage = deny(EMPTY_STATE, { ...denial, deployment: image });
    expect(deniedIds(byImage, [same, gone])).toEqual(['other']);
  });

  test('is taken away by either name, with what was denied together', () => {
    const other = { ...denial, deployment: 'other' };
    const state = deny(deny(both, { ...denial, deployment: 'same image', image }), other);
    for (const name of ['new', image, 'same image']) expect(allow(state, name).denied).toEqual([other]);
    expect(allow(state, 'other').denied).toEqual(state.denied.slice(0, 2));
  });
});

test('what failed on trial is gathered over its boots, each name once', () => {
  expect(withTrialFailures(full, ['app', 'web']).trial?.trialFailures).toEqual(['app', 'web']);
  expect(withTrialFailures(EMPTY_STATE, ['app'])).toBe(EMPTY_STATE);
});
