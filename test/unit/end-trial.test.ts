import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { EMPTY_STATE, openTrial } from '../../src/core/node-state.ts';
import type { Trial } from '../../src/core/trial.ts';
import { makeTrialEffects } from '../../src/node/end-trial.ts';
import { loadState, updateState } from '../../src/node/state.ts';
import type { DeploymentEntry } from '../../src/ports/deployments.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-end-trial-'));
});
afterEach(() => rm(root, { recursive: true }));

const image = `sha256:${'1'.repeat(64)}`;
const entry = (change: Partial<DeploymentEntry>): DeploymentEntry => ({
  id: 'new',
  version: '2',
  booted: false,
  staged: false,
  pinned: false,
  imageDigest: image,
  layered: false,
  ...change,
});

function effects(list: () => Promise<readonly DeploymentEntry[]>) {
  const steps: string[] = [];
  const never = () => Promise.reject(new Error('not asked for'));
  const trial = makeTrialEffects({
    files: makeFiles(root),
    clock: fakeClock(),
    bootLoader: {
      name: 'grub',
      detail: '',
      can: { mark: true, countAttempts: true },
      read: never,
      needsOwnMounts: never,
      takeProof: never,
      apply: never,
      attemptsFor: never,
      hasFallback: never,
    },
    deployments: { list, booted: never, makeDefault: never, dropStaged: never },
    note: async (step, deployment) => void steps.push(`${step} ${deployment}`),
  });
  return { trial, steps };
}

describe('what failed its trial is denied', () => {
  const refuse = () => Promise.reject(new GoodbootError('DBUS_TIMEOUT', 'no answer'));
  test.each<[name: string, list: () => Promise<readonly DeploymentEntry[]>, denial: object]>([
    ['with the image that it is', async () => [entry({ id: 'old', imageDigest: 'sha256:2' }), entry({})], { image }],
    ['without an image, when it is none', async () => [entry({ imageDigest: null })], {}],
    ['without the image below what was put on top', async () => [entry({ layered: true })], {}],
    ['also when it is gone', async () => [entry({ id: 'old' })], {}],
    ['also when the backend does not answer', refuse, {}],
  ])('%s', async (_name, list, denial) => {
    const { trial, steps } = effects(list);
    await trial.deny('new', 'it failed');
    const since = expect.stringMatching(/Z$/);
    expect((await loadState(makeFiles(root))).denied).toEqual([
      { deployment: 'new', since, why: 'it failed', ...denial },
    ]);
    expect(steps).toEqual(['denied new']);
  });
});

test('a trial is ended once', async () => {
  const trial: Trial = {
    deployment: 'new',
    from: 'old',
    attempts: 3,
    counted: 0,
    phase: 'fell-back',
    baselineFailures: null,
    trialFailures: [],
  };
  await updateState(makeFiles(root), (state) => openTrial(state, trial));
  const { trial: ending, steps } = effects(async () => []);
  for (let times = 0; times < 2; times += 1) await ending.end('rolled-back');
  expect(steps).toEqual(['ended-bad new']);
  expect(await loadState(makeFiles(root))).toEqual(EMPTY_STATE);
});
