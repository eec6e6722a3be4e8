import { describe, expect, test } from 'vitest';
import {
  type End,
  type EndTraces,
  endOf,
  isRemarkable,
  type LastBoot,
  lastBootText,
  unseenBoots,
} from '../../src/core/last-boot.ts';
import { newTrial, type Trial } from '../../src/core/trial.ts';

const nothing: EndTraces = { clean: false, panicked: false, reset: false, unseen: 0 };

test.each<[name: string, traces: Partial<EndTraces>, end: End]>([
  ['nothing is left', {}, 'unclean'],
  ['it was shut down', { clean: true }, 'clean'],
  ['the kernel left a record', { panicked: true }, 'panic'],
  ['the watchdog says so', { reset: true }, 'watchdog'],
  ['a panic that the watchdog ended', { panicked: true, reset: true }, 'panic'],
  ['it was shut down, and others panicked since', { clean: true, panicked: true, unseen: 2 }, 'clean'],
  ['others came since, whose record it may be', { panicked: true, reset: true, unseen: 1 }, 'unclean'],
])('a boot ended: %s', (_name, traces, end) => {
  expect(endOf({ ...nothing, ...traces })).toBe(end);
});

describe('boots that did not come up', () => {
  const trial = newTrial({ deployment: 'new', from: 'old', attempts: 3 });
  test.each<[name: string, trial: Trial | null, counter: number | null, unseen: number]>([
    ['none: this is the first attempt', trial, 2, 0],
    ['the first two', trial, 0, 2],
    ['all three', trial, -1, 3],
    ['those after the first', { ...trial, counted: 2 }, -1, 2],
    ['none: the boot was not counted', trial, 3, 0],
    ['none: nothing is counted', trial, null, 0],
    ['not known: the node goes back', { ...trial, phase: 'fell-back' }, -1, 0],
    ['not known: no trial', null, 1, 0],
  ])('%s', (_name, open, counter, unseen) => {
    expect(unseenBoots(open, counter)).toBe(unseen);
  });
});

test.each<[last: Omit<LastBoot, 'bootId'>, text: string, remarkable: boolean]>([
  [{ ended: 'clean', verdict: 'good', unseen: 0 }, 'was shut down, with the verdict good', false],
  [{ ended: 'clean', unseen: 0 }, 'was shut down', false],
  [{ ended: 'panic', verdict: null, unseen: 0 }, 'ended in a kernel panic, without a verdict', true],
  [{ ended: 'watchdog', verdict: 'bad', unseen: 0 }, 'was reset by the watchdog, with the verdict bad', true],
  [{ ended: 'unclean', unseen: 1 }, 'ended without a shutdown; one boot since then did not come up', true],
  [{ ended: 'clean', unseen: 3 }, 'was shut down; 3 boots since then did not come up', true],
])('is told: $ended, $verdict, $unseen', (last, text, remarkable) => {
  expect(lastBootText({ bootId: 'b1', ...last })).toBe(text);
  expect(isRemarkable({ bootId: 'b1', ...last })).toBe(remarkable);
});
