import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNoop } from '../../src/adapters/boot-loader/noop.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { deny, EMPTY_STATE, openTrial } from '../../src/core/node-state.ts';
import { newTrial } from '../../src/core/trial.ts';
import { type ArmDeps, arm } from '../../src/node/arm.ts';
import { loadState, updateState } from '../../src/node/state.ts';

let root: string;
let steps: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-arm-'));
  steps = [];
});
afterEach(() => rm(root, { recursive: true }));

const entry = (id: string, staged: boolean) => {
  return { id, version: id, booted: !staged, staged, pinned: false, imageDigest: `sha256:${id}`, layered: false };
};
const never = () => Promise.reject(new Error('not asked for'));

/** A node on which an update is staged, and whose environment block is gone. */
function deps(): ArmDeps {
  const staged = [entry('new', true)];
  return {
    files: makeFiles(root),
    boot: { id: 'b1', kernel: '6.12.0', startedBy: 'boot-loader' },
    bootLoader: {
      name: 'grub',
      detail: '',
      can: { mark: true, countAttempts: true },
      read: () => Promise.reject(new GoodbootError('GRUBENV_MISSING', '/boot/grub2/grubenv: does not exist')),
      needsOwnMounts: never,
      takeProof: never,
      apply: never,
      attemptsFor: never,
      hasFallback: never,
    },
    deployments: {
      booted: async () => ({ id: 'old', version: '1' }),
      list: async () => [...staged, entry('old', false)],
      makeDefault: never,
      dropStaged: async () => void steps.push(`took away ${staged.pop()?.id}`),
    },
    fragment: async () => 'installed',
    canCount: async () => true,
    needsPassword: async () => false,
    note: async (step, deployment, detail) => void steps.push(`${step} ${deployment}: ${detail}`),
    baseline: never,
  };
}
const run = () => arm(deps(), 3, AbortSignal.timeout(10_000));

test('an update that nobody can count, since the block is gone, is refused, and that is said', async () => {
  await run();
  expect(steps).toEqual(['refused new: counter-not-writable-by-boot-loader']);
});

test.each(['new', 'sha256:new'])('one that is denied as %s is taken away nevertheless', async (deployment) => {
  const denial = { deployment, since: '2026-01-01T00:00:00Z', why: 'it failed its trial' };
  await updateState(makeFiles(root), () => deny(EMPTY_STATE, denial));
  await run();
  expect(steps).toEqual(['took away new', 'dropped new: it is denied on this node']);
});

test.each([
  ['from a block that cannot be read', undefined, 'GRUBENV_MISSING'],
  ['where no boot loader is found, as without /boot', makeNoop('no grubenv'), 'BOOT_LOADER_UNSUPPORTED'],
])('nothing is concluded about an open trial %s', async (_name, bootLoader, code) => {
  await updateState(makeFiles(root), () =>
    openTrial(EMPTY_STATE, newTrial({ deployment: 'new', from: 'old', attempts: 3 })),
  );
  // Also when it runs, where no counter means that it was marked good.
  for (const booted of ['old', 'new']) {
    const on = { ...deps(), ...(bootLoader === undefined ? {} : { bootLoader }) };
    const deployments = { ...on.deployments, booted: async () => ({ id: booted, version: '' }) };
    await expect(arm({ ...on, deployments }, 3, AbortSignal.timeout(10_000))).rejects.toMatchObject({ code });
  }
  expect(steps).toEqual([]);
  expect((await loadState(makeFiles(root))).trial).toMatchObject({ deployment: 'new', phase: 'armed' });
});

test('an update is refused where nobody could start what it would be left for', async () => {
  const on = deps();
  const bootLoader = { ...on.bootLoader, read: async () => ({ counter: null, success: true }) };
  const needsPassword = async (deployment: string) => deployment === 'old';
  await arm({ ...on, bootLoader, needsPassword }, 3, AbortSignal.timeout(10_000));
  expect(steps).toEqual(['refused new: fallback-needs-password']);
});
