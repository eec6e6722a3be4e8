import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { TrialStep } from '../../src/core/ledger.ts';
import { LEDGER, openLedger } from '../../src/node/ledger.ts';
import { noteTrial } from '../../src/node/note-trial.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-note-'));
});
afterEach(() => rm(root, { recursive: true }));

type Step = readonly [step: TrialStep, deployment: string, detail: string];
const REFUSED: Step = ['refused', 'new', 'fragment-absent'];

/** What is noted of these steps; each is written by a goodboot of its own. */
async function noted(...steps: readonly Step[]): Promise<{ readonly told: number; readonly kept: readonly string[] }> {
  const [clock, journal, files] = [fakeClock(), fakeJournal(), makeFiles(root)];
  for (const [at, step] of steps.entries())
    await noteTrial({ files, clock, journal, boot: { id: `b${at}`, kernel: '6', startedBy: 'boot-loader' } }, ...step);
  const { records } = await openLedger(files, clock);
  const kept = records.map((record) => (record.event === 'trial' ? `${record.step} ${record.deployment}` : ''));
  return { told: journal.events.filter(([name]) => name !== 'ledger-unwritable').length, kept };
}

test('a refusal is noted once, also over a reboot', async () => {
  expect(await noted(REFUSED, REFUSED, ['denied', 'old', ''], REFUSED)).toEqual({
    told: 2,
    kept: ['refused new', 'denied old'],
  });
});

test.each<[what: string, steps: readonly Step[]]>([
  ['another reason', [REFUSED, ['refused', 'new', 'fragment-unknown']]],
  ['another reason, and the first again', [REFUSED, ['refused', 'new', 'fragment-unknown'], REFUSED]],
  ['another deployment', [REFUSED, ['refused', 'newer', 'fragment-absent']]],
  ['a deployment that was armed in between', [REFUSED, ['armed', 'new', ''], REFUSED]],
  [
    'something else, however often',
    [
      ['uncounted', 'new', 'x'],
      ['uncounted', 'new', 'x'],
    ],
  ],
])('%s is noted too', async (_what, steps) => {
  expect(await noted(...steps)).toEqual({
    told: steps.length,
    kept: steps.map(([step, deployment]) => `${step} ${deployment}`),
  });
});

test('a refusal is told each time where nobody can remember it', async () => {
  await mkdir(join(root, LEDGER), { recursive: true });
  const [clock, journal, files] = [fakeClock(), fakeJournal(), makeFiles(root)];
  const deps = { files, clock, journal, boot: { id: 'b1', kernel: '6', startedBy: 'boot-loader' } } as const;
  await noteTrial(deps, ...REFUSED);
  await noteTrial(deps, ...REFUSED);
  const names = ['trial-refused', 'ledger-unwritable'];
  expect(journal.events.map(([name]) => name)).toEqual([...names, ...names]);
});
