import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRehearsal } from '../../src/adapters/deployments/rehearsal.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { newTrial } from '../../src/core/trial.ts';
import { arm } from '../../src/node/arm.ts';
import { finishDrill } from '../../src/node/drill/finish.ts';
import { DRILL, openDrill } from '../../src/node/drill/keep.ts';
import { startDrill } from '../../src/node/drill/start.ts';
import { loadState, STATE } from '../../src/node/state.ts';
import type { Rehearsal } from '../../src/ports/rehearsal.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { layout } from '../lab/stand-in/layout.ts';
import { makeOstreeSysroot } from '../lab/stand-in/ostree-sysroot.ts';
import { MemoryFiles, makeBootLoader, Power } from '../model/fakes.ts';

const signal = AbortSignal.timeout(120_000);
const REQUEST = { attempts: 2, windows: [] };

/** The trees of all deployments, also of those that no list knows. */
const trees = async (sysroot: string): Promise<readonly string[]> =>
  (await readdir(join(sysroot, 'ostree/deploy/fedora/deploy'))).filter((name) => !name.endsWith('.origin'));

/** A node over the real ostree; what goodboot remembers and the boot loader's variables are in memory. */
async function makeNode(text: string, fragment: 'installed' | 'absent' = 'installed') {
  const subject = await makeOstreeSysroot('trixie', layout(text));
  const power = new Power();
  const env = new Map([['boot_success', '1']]);
  const files = new MemoryFiles(
    power,
    () => [],
    () => undefined,
  );
  files.map.set(STATE, JSON.stringify({ v: 1, trial: null, denied: [], boots: [] }));
  const bootLoader = {
    ...makeBootLoader(
      power,
      () => env,
      () => [],
    ),
    name: 'noop' as const, // its variables are not in a file
  };
  const events: string[] = [];
  const deps = {
    files,
    clock: fakeClock(),
    bootLoader,
    deployments: subject.deployments,
    rehearsal: makeRehearsal(makeFiles(subject.path), subject.processes),
    journal: { event: (name: string) => events.push(name), read: async () => [] },
    wantedBy: async () => null,
    boot: { id: 'boot', kernel: '6.1', startedBy: 'boot-loader' as const },
  };
  const armed = (within: AbortSignal) =>
    arm(
      {
        ...deps,
        fragment: async () => fragment,
        canCount: async () => true,
        needsPassword: async () => false,
        note: async (step) => void events.push(step),
        baseline: async () => [],
      },
      3,
      within,
    );
  const entries = async () =>
    (await subject.deployments.list(signal)).map(({ id, staged, pinned }) => ({ id, staged, pinned }));
  return { deps: { ...deps, arm: armed }, subject, events, env, entries };
}

describe('a drill over the real ostree', () => {
  test('puts a copy on trial with its own attempts, and drops no deployment', async () => {
    const { deps, subject, entries, events, env } = await makeNode('2* 1 0p');
    await using _ = subject;
    const before = await entries();
    const drill = await startDrill(deps, REQUEST, signal);
    expect(drill).toMatchObject({ from: subject.idOf(2), attempts: 2, pinned: [subject.idOf(1)] });
    expect(await openDrill(deps.files)).toEqual(drill);
    expect(await entries()).toEqual([
      { id: drill.deployment, staged: true, pinned: false },
      ...before.map((entry) => ({ ...entry, pinned: entry.id !== subject.idOf(2) })),
    ]);
    const { trial } = await loadState(deps.files);
    expect(trial).toMatchObject({ deployment: drill.deployment, from: subject.idOf(2), attempts: 2, drill: true });
    expect([env.get('boot_counter'), env.get('boot_success')]).toEqual(['2', '0']);
    expect(events).toEqual(['armed', 'drill-begun']);
    expect(await finishDrill(deps, signal)).toEqual({ state: 'under-way', drill });
    await expect(startDrill(deps, REQUEST, signal)).rejects.toThrow('a drill is under way');
    expect(await openDrill(deps.files)).toEqual(drill);

    // The power went before anything was written: goodboot-begin has withdrawn the trial.
    await rm(join(subject.path, 'run/ostree/staged-deployment'));
    expect((await trees(subject.path)).length).toBe(4);
    await deps.arm(signal);
    expect(await finishDrill(deps, signal)).toMatchObject({ state: 'interrupted' });
    expect(await entries()).toEqual(before);
    expect((await trees(subject.path)).length).toBe(3);
    expect(deps.files.map.has(DRILL)).toBe(false);
    expect(await finishDrill(deps, signal)).toBeNull();
  });

  const trouble = async (): Promise<never> => Promise.reject(new Error('no space left'));
  test.each<[name: string, change: Partial<Rehearsal>, fragment: 'installed' | 'absent', says: RegExp]>([
    ['nobody would count', {}, 'absent', /was not put on trial: fragment-absent/],
    ['no copy can be made', { copy: trouble }, 'installed', /no space left/],
    ['it cannot be staged', { stage: trouble }, 'installed', /no space left/],
  ])('where %s, everything is as before', async (_name, change, fragment, says) => {
    const { deps, subject, entries, env } = await makeNode('2* 1', fragment);
    await using _ = subject;
    const before = await entries();
    const broken = { ...deps, rehearsal: { ...deps.rehearsal, ...change } };
    await expect(startDrill(broken, { attempts: 1, windows: [] }, signal)).rejects.toThrow(says);
    expect(await entries()).toEqual(before);
    expect(deps.files.map.has(DRILL)).toBe(false);
    expect((await loadState(deps.files)).trial).toBeNull();
    expect(env.has('boot_counter')).toBe(false);
  });

  test('that is on trial already, and then cannot be written down, is taken back', async () => {
    const { deps, subject, entries, events, env } = await makeNode('2* 1');
    await using _ = subject;
    const before = await entries();
    const { replace } = deps.files;
    deps.files.replace = async (path, content) =>
      path === DRILL && env.has('boot_counter') ? trouble() : replace(path, content);
    await expect(startDrill(deps, REQUEST, signal)).rejects.toThrow('no space left');
    expect(events).toEqual(['armed', 'withdrawn']);
    expect([await entries(), deps.files.map.has(DRILL), env.has('boot_counter')]).toEqual([before, false, false]);
    expect((await loadState(deps.files)).trial).toBeNull();
  });

  test('that is on trial, and that nobody counts, is taken back', async () => {
    const { deps, subject, entries, env } = await makeNode('2* 1');
    await using _ = subject;
    const before = await entries();
    const arm = async (within: AbortSignal) => {
      const actions = await deps.arm(within);
      env.delete('boot_counter');
      return actions;
    };
    await expect(startDrill({ ...deps, arm }, REQUEST, signal)).rejects.toMatchObject({ code: 'DRILL_REFUSED' });
    expect([await entries(), deps.files.map.has(DRILL)]).toEqual([before, false]);
    expect((await loadState(deps.files)).trial).toBeNull();
  });

  test('is not brought to its end by somebody else while it begins', async () => {
    const { deps, subject, entries } = await makeNode('2* 1 0p');
    await using _ = subject;
    const before = await entries();
    const stage: Rehearsal['stage'] = async (id, within) => {
      await expect(finishDrill(deps, signal)).rejects.toThrow(/drill\.lock/);
      await expect(startDrill(deps, { attempts: 1, windows: [] }, signal)).rejects.toThrow(/drill\.lock/);
      await deps.rehearsal.stage(id, within);
    };
    const drill = await startDrill({ ...deps, rehearsal: { ...deps.rehearsal, stage } }, REQUEST, signal);
    expect(await openDrill(deps.files)).toEqual(drill);
    expect((await entries()).slice(1)).toEqual(before.map((each) => ({ ...each, pinned: each.id !== drill.from })));
  });

  test.each(['3s 2* 1', '2* 2 1'])(
    'takes no deployment from %s, as a person may have made it meanwhile',
    async (text) => {
      const { deps, subject, entries } = await makeNode(text);
      await using _ = subject;
      const before = await entries();
      await expect(startDrill(deps, REQUEST, signal)).rejects.toMatchObject({ code: 'DRILL_REFUSED' });
      expect(await entries()).toEqual(before);
      expect(deps.files.map.has(DRILL)).toBe(false);
    },
  );

  test('does not take the place of a trial', async () => {
    const { deps, subject, entries } = await makeNode('2* 1');
    await using _ = subject;
    const before = await entries();
    const trial = newTrial({ deployment: subject.idOf(1), from: subject.idOf(2), attempts: 3 });
    const state = JSON.stringify({ v: 1, trial, denied: [], boots: [] });
    deps.files.map.set(STATE, state);
    await expect(startDrill(deps, REQUEST, signal)).rejects.toThrow('on trial by now');
    expect([await entries(), deps.files.map.get(STATE)]).toEqual([before, state]);
  });

  test('that was not left says so, and is not forgotten', async () => {
    const { deps, subject, events } = await makeNode('2* 1');
    await using _ = subject;
    const before = { booted: subject.idOf(1), deployments: [], marks: {}, denied: [] };
    const about = { v: 1, deployment: subject.idOf(2), from: subject.idOf(1), attempts: 1, started: '', ledgerSeq: 0 };
    deps.files.map.set(DRILL, JSON.stringify({ ...about, pinned: [], before }));
    await expect(finishDrill(deps, signal)).rejects.toMatchObject({ code: 'DRILL_FAILED' });
    expect([deps.files.map.has(DRILL), events]).toEqual([true, ['drill-failed']]);
    expect(await subject.seen()).toBe('1 2');
  });
});
