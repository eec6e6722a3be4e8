import { expect, test } from 'vitest';
import { type OutlookFacts, outlook } from '../../src/core/outlook.ts';
import { newTrial, standingOf, type Trial } from '../../src/core/trial.ts';

const trial = newTrial({ deployment: 'new', from: 'old', attempts: 3 });
const fellBack: Trial = { ...trial, phase: 'fell-back' };
const seen = (deployment: string) => ({
  bootId: deployment,
  deployment,
  startedBy: 'boot-loader' as const,
  timeMs: 0,
  proven: true,
  ended: null,
});
const both = [seen('old'), seen('new')];

type Change = Partial<Omit<OutlookFacts, 'state' | 'standing'>> & Partial<OutlookFacts['state']> & { kexec?: true };

test.each<[name: string, change: Change, says: string | RegExp]>([
  ['no trial', { trial: null }, 'no trial is open; the next update starts one'],
  ['gone back by hand', { trial: null, chosen: 'old' }, 'the next boot starts old, as somebody decided by hand'],
  ['gone back by hand, and booted', { trial: null, chosen: 'old', booted: 'old' }, /^no trial is open/],
  [
    'armed, and not yet booted',
    { booted: 'old', counter: 3, boots: [seen('old')] },
    'the next boot starts new; after 3 bad boots the node goes back to old by itself',
  ],
  ['armed, and not counted yet', { booted: 'old', counter: null }, /^nothing is counted yet/],
  [
    'the old entry by hand',
    { booted: 'old', counter: 1 },
    'this boot was chosen by hand and is not judged; the next one goes on with new (one more boot)',
  ],
  [
    'on trial',
    { counter: 2 },
    'this boot is judged: if good, it is watched and then marked, else the node reboots, with 2 more boots left before it goes back to old',
  ],
  ['on trial, the last attempt', { counter: 0 }, /else the node reboots into old$/],
  ['on trial, chosen after the last attempt', { counter: -1 }, /else the node stays up/],
  [
    'in soak',
    { counter: 1, judged: 'soaking' },
    /^every required check passed and is repeated; if that holds.*one more/,
  ],
  ['judged bad', { counter: 1, judged: 'bad' }, /^the node reboots, with one more boot left/],
  [
    'a drill',
    { counter: 1, judged: 'bad', trial: { ...trial, drill: true } },
    /^a drill is under way: the node reboots/,
  ],
  [
    'back from a drill',
    { booted: 'old', counter: -1, trial: { ...fellBack, drill: true } },
    'a drill is under way: the verdict of this boot ends the trial: old stays, and new is taken away',
  ],
  ['not counted', { counter: 3, kexec: true }, /^this boot is not counted/],
  ['marked, and not closed', { counter: null }, /^the mark is made/],
  [
    'the fallback',
    { booted: 'old', counter: -1 },
    'the verdict of this boot ends the trial: old stays, and new is denied unless the surroundings are at fault',
  ],
  ['a third entry while it goes back', { booted: 'third', trial: fellBack }, /goes on going back to old$/],
  [
    'by hand, unfinished',
    { trial: { ...fellBack, byHand: { onTrial: true, deny: true } } },
    'somebody goes back to old by hand; the next boot finishes that',
  ],
])('what happens next: %s', (_name, { kexec, ...change }, says) => {
  const all = { trial, boots: both, booted: 'new', counter: 2, judged: null, ...change };
  const { booted, counter, judged, ...state } = all;
  const standing = standingOf({ startedBy: kexec ? 'kexec' : 'boot-loader', booted, trial: all.trial, counter });
  const told = outlook({ state, booted, standing, counter, judged });
  if (typeof says === 'string') expect(told).toBe(says);
  else expect(told).toMatch(says);
});
