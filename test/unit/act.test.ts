import { describe, expect, test } from 'vitest';
import type { Action, HoldReason } from '../../src/core/decide.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { act } from '../../src/node/act.ts';
import type { TrialEffects } from '../../src/node/end-trial.ts';
import type { BootLoader, BootLoaderChange } from '../../src/ports/boot-loader.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

/** A boot loader that keeps what is asked of it; `answer` is what comes of it. */
function fakeLoader({
  can = true,
  answer = async () => true,
}: {
  can?: boolean;
  answer?: () => Promise<boolean>;
} = {}) {
  const changes: BootLoaderChange[] = [];
  const loader: BootLoader = {
    name: can ? 'grub' : 'noop',
    detail: '/boot/grub2/grubenv',
    can: { mark: can, countAttempts: can },
    read: async () => ({ counter: null, success: null }),
    needsOwnMounts: async () => false,
    takeProof: async () => false,
    attemptsFor: async (wish) => wish,
    hasFallback: async () => true,
    apply: async (change) => {
      changes.push(change);
      return answer();
    },
  };
  return { loader, changes };
}

/** A trial that keeps what is asked of it; `refuse` is the step that fails. */
function fakeTrial(refuse = '') {
  const steps: string[] = [];
  const step = (name: string) => async (what: string) => {
    if (name === refuse) throw new GoodbootError('ROLLBACK_FAILED', 'no');
    steps.push(`${name} ${what}`);
  };
  const trial: TrialEffects = { ensureDefault: step('default'), deny: step('deny'), end: step('end') };
  return { trial, steps };
}

const refused = () => Promise.reject(new GoodbootError('GRUBENV_UNWRITABLE', 'grubenv: EIO'));
const MARK: Action = { kind: 'mark-good' };
const FALLBACK: readonly Action[] = [
  { kind: 'roll-back', from: 'new', to: 'old' },
  { kind: 'deny', deployment: 'new' },
  { kind: 'end-trial', result: 'rolled-back' },
  MARK,
];

describe('marking a good boot', () => {
  test('sets success and ends the counting in one change, and is told in the journal', async () => {
    const { loader, changes } = fakeLoader();
    const journal = fakeJournal();
    const taken = await act([MARK], loader, { journal, trial: fakeTrial().trial });
    expect(changes).toEqual([{ success: true, counter: null }]);
    expect(taken).toEqual([
      { action: MARK, result: 'done', detail: 'this boot is marked good in /boot/grub2/grubenv' },
    ]);
    expect(journal.events).toEqual([['boot-marked-good', { GOODBOOT_BOOT_LOADER: 'grub', GOODBOOT_BY: 'verdict' }]]);
  });

  test.each([
    ['was good before', fakeLoader({ answer: async () => false }).loader, 'unneeded', []],
    ['has no boot loader that keeps a mark', fakeLoader({ can: false }).loader, 'unneeded', []],
    ['cannot be marked', fakeLoader({ answer: refused }).loader, 'failed', ['mark-failed']],
  ])('of a boot that %s is told as such', async (_, loader, result, events) => {
    const journal = fakeJournal();
    expect(await act([MARK], loader, { journal, trial: fakeTrial().trial })).toMatchObject([{ action: MARK, result }]);
    expect(journal.events.map(([name]) => name)).toEqual(events);
  });

  test('names the reason and the code when it fails', async () => {
    const journal = fakeJournal();
    const { loader } = fakeLoader({ answer: refused });
    const [taken] = await act([MARK], loader, { journal, trial: fakeTrial().trial });
    expect(taken?.detail).toBe('grubenv: EIO');
    expect(journal.events[0]?.[1]).toMatchObject({
      GOODBOOT_REASON: 'grubenv: EIO',
      GOODBOOT_ERROR_CODE: 'GRUBENV_UNWRITABLE',
    });
  });

  test('lets an error through that nobody expected', async () => {
    const { loader } = fakeLoader({ answer: () => Promise.reject(new TypeError('a bug')) });
    await expect(act([MARK], loader, { journal: fakeJournal(), trial: fakeTrial().trial })).rejects.toThrow('a bug');
  });
});

describe('the actions of a decision', () => {
  test('are done in order', async () => {
    const { trial, steps } = fakeTrial();
    const { loader, changes } = fakeLoader();
    const taken = await act(FALLBACK, loader, { journal: fakeJournal(), trial });
    expect(taken.map(({ result }) => result)).toEqual(['done', 'done', 'done', 'done']);
    expect(steps).toEqual(['default old', 'deny new', 'end rolled-back']);
    expect(changes).toHaveLength(1);
  });

  test.each([
    ['default', [], ['failed']],
    ['deny', ['default old'], ['done', 'failed']],
    ['end', ['default old', 'deny new'], ['done', 'done', 'failed']],
  ])('end at the first that fails (%s): what follows builds on it', async (refuse, done, results) => {
    const { trial, steps } = fakeTrial(refuse);
    const { loader, changes } = fakeLoader();
    const taken = await act(FALLBACK, loader, { journal: fakeJournal(), trial });
    expect(taken.map(({ result }) => result)).toEqual(results);
    expect(steps).toEqual(done);
    expect(changes).toEqual([]);
  });

  test('are only planned in a dry run: nothing is touched', async () => {
    const { loader, changes } = fakeLoader();
    const all: readonly Action[] = [
      ...FALLBACK,
      { kind: 'reboot', why: 'regression' },
      { kind: 'hold', why: 'regression' },
    ];
    const taken = await act(all, loader, null);
    expect(taken.map(({ action }) => action)).toEqual(all);
    expect(new Set(taken.map(({ result }) => result))).toEqual(new Set(['planned']));
    expect(changes).toEqual([]);
  });

  test.each<[HoldReason, RegExp]>([
    ['regression', /not on trial/],
    ['indeterminate', /could not tell/],
    ['nothing-to-fall-back-to', /nothing to fall back to/],
    ['fallback-is-bad-too', /bad too/],
    ['chosen-by-hand', /a person chose/],
    ['not-started-by-boot-loader', /no boot loader started/],
  ])('that hold the node say why: %s', async (why, detail) => {
    const { loader, changes } = fakeLoader();
    const taken = await act([{ kind: 'hold', why }], loader, { journal: fakeJournal(), trial: fakeTrial().trial });
    expect(taken).toMatchObject([{ result: 'done', detail: expect.stringMatching(detail) }]);
    expect(changes).toEqual([]);
  });
});
