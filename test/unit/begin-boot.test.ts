import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { EMPTY_STATE, openTrial } from '../../src/core/node-state.ts';
import { type BeginDeps, beginBoot } from '../../src/node/begin.ts';
import { openLedger } from '../../src/node/ledger.ts';
import { loadState, updateState } from '../../src/node/state.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-begin-'));
  await updateState(makeFiles(root), () =>
    openTrial(EMPTY_STATE, {
      deployment: 'new',
      from: 'old',
      attempts: 3,
      counted: 3,
      phase: 'armed',
      baselineFailures: null,
      trialFailures: [],
    }),
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
