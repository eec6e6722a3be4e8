import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeNoop } from '../../src/adapters/boot-loader/noop.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { EMPTY_STATE, openTrial } from '../../src/core/node-state.ts';
import { newTrial } from '../../src/core/trial.ts';
import { type BeginDeps, beginBoot, CLEAN_SHUTDOWN } from '../../src/node/begin.ts';
import { openLedger } from '../../src/node/ledger.ts';
import { loadState, updateState } from '../../src/node/state.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-begin-'));
  await updateState(makeFiles(root), () =>
    openTrial(EMPTY_STATE, newTrial({ deployment: 'new', from: 'old', attempts: 3 })),
  );
});
afterEach(() => rm(root, { recursive: true }));

const policy = { crashLoop: { reboots: 3, windowMs: 3_600_000 }, signal: new AbortController().signal };

function deps(change: Partial<BeginDeps> = {}): BeginDeps & { readonly steps: readonly string[] } {
  const steps: string[] = [];
  const entry = (id: string) => {
    return { id, version: id, booted: id === 'new', staged: false, pinned: false, imageDigest: null, layered: false };
  };
  const never = () => Promise.reject(new Error('not asked for'));
  return {
    steps,
    files: makeFiles(root),
    clock: fakeClock(),
    journal: fakeJournal(),
    boot: { id: 'b1', kernel: '6.12.0', startedBy: 'boot-loader' },
    bootLoader: {
      name: 'grub',
      detail: '',
      can: { mark: true, countAttempts: true },
      read: async () => ({ counter: 1, success: false }),
      needsOwnMounts: never,
      takeProof: async () => true,
      apply: async () => false,
      attemptsFor: never,
      hasFallback: never,
    },
    deployments: {
      booted: async () => ({ id: 'new', version: '2' }),
      list: async () => [entry('new'), entry('old')],
      makeDefault: never,
      dropStaged: never,
    },
    traces: {
      crashRecords: async () => [],
      crashText: never,
      watchdogs: async () => ({ watchdogs: [], resets: [] }),
    },
    pastBoots: { ids: async () => ['b1'], entries: never },
    note: async (step, deployment) => void steps.push(`${step} ${deployment}`),
    reboot: never,
    ...change,
  };
}

test('the line of a boot on trial tells its attempt', async () => {
  await beginBoot(deps(), policy);
  const { records } = await openLedger(makeFiles(root), fakeClock());
  expect(records).toMatchObject([{ event: 'boot', bootId: 'b1', attempt: 2, deployment: { id: 'new', version: '2' } }]);
});

test('of two that begin the same boot, one does it', async () => {
  const both = [deps(), deps()];
  const actions = await Promise.all(both.map((each) => beginBoot(each, policy)));
  expect(actions.flat()).toEqual([
    { kind: 'note-attempt', left: 1 },
    { kind: 'name-fallback', deployment: 'old' },
  ]);
  expect(both.flatMap(({ steps }) => steps)).toEqual(['attempt new']);
  const state = await loadState(makeFiles(root));
  expect([state.boots.map(({ bootId }) => bootId), state.trial?.counted]).toEqual([['b1'], 1]);
});

test('a boot whose block cannot be read is noted, and its trial is left as it is', async () => {
  const files = makeFiles(root);
  await files.replace(CLEAN_SHUTDOWN, '');
  const missing = new GoodbootError('GRUBENV_MISSING', 'grubenv: does not exist');
  const { bootLoader } = deps();
  const broken = deps({ bootLoader: { ...bootLoader, read: () => Promise.reject(missing) } });
  await expect(beginBoot(broken, policy)).rejects.toBe(missing);
  const { boots, trial } = await loadState(files);
  expect([boots, trial?.counted]).toMatchObject([[{ bootId: 'b1', proven: false }], 3]);
  expect(await files.info(CLEAN_SHUTDOWN)).toBeNull();
  expect((await openLedger(files, fakeClock())).records).toMatchObject([{ event: 'boot', bootId: 'b1' }]);
  expect(broken.steps).toEqual([]);
});

test.each([
  ['on trial', 'new'],
  ['of the fallback', 'old'],
])('a boot %s without a boot loader, as where /boot is not mounted, leaves the trial open', async (_name, id) => {
  const booted = async () => ({ id, version: '' });
  const lost = deps({ bootLoader: makeNoop('no grubenv'), deployments: { ...deps().deployments, booted } });
  await expect(beginBoot(lost, policy)).rejects.toMatchObject({ code: 'BOOT_LOADER_UNSUPPORTED' });
  const { boots, trial } = await loadState(makeFiles(root));
  expect([boots, trial?.deployment, trial?.counted]).toMatchObject([[{ bootId: 'b1', deployment: id }], 'new', 3]);
  expect(lost.steps).toEqual([]);
});

test('a boot whose proof cannot be taken away proves nothing, and goes on', async () => {
  const refuse = () => Promise.reject(new GoodbootError('GRUBENV_UNWRITABLE', 'grubenv: EIO'));
  const { bootLoader } = deps();
  const actions = await beginBoot(deps({ bootLoader: { ...bootLoader, takeProof: refuse } }), policy);
  expect(actions[0]).toEqual({ kind: 'note-attempt', left: 1 });
  expect((await loadState(makeFiles(root))).boots).toMatchObject([{ bootId: 'b1', proven: false }]);
});
