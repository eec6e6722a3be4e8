import { describe, expect, test } from 'vitest';
import { rollBack } from '../../src/node/rollback.ts';
import { loadState, STATE } from '../../src/node/state.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { layout } from '../lab/stand-in/layout.ts';
import { makeOstreeSysroot } from '../lab/stand-in/ostree-sysroot.ts';
import { bootcStandIn, ostreeStandIn, rpmOstreeStandIn, type Subject } from '../lab/stand-in/subject.ts';
import { MemoryFiles, makeBootLoader, Power } from '../model/fakes.ts';

/** This node remembers no boot, and so none of them came up here. */
const request = { deny: true, dryRun: false, force: true, attempts: 3, signal: AbortSignal.timeout(60_000) };

/** What a rollback by hand needs beside the backend, which is the real one or stands in for it. */
function node({ deployments }: Pick<Subject, 'deployments'>) {
  const power = new Power();
  const env = new Map([['boot_success', '1']]);
  const files = new MemoryFiles(
    power,
    () => [],
    () => undefined,
  );
  files.map.set(STATE, JSON.stringify({ v: 1, trial: null, denied: [], boots: [] }));
  const bootLoader = makeBootLoader(
    power,
    () => env,
    () => [],
  );
  return { files, clock: fakeClock(), bootLoader, deployments, note: async () => undefined };
}

describe.each<[backend: string, make: (text: string) => Promise<Subject>]>([
  ['ostree 2025.2, real', (text) => makeOstreeSysroot('trixie', layout(text))],
  ['ostree 2026.4, a stand-in', (text) => ostreeStandIn(layout(text))],
  ['bootc, a stand-in', (text) => bootcStandIn(layout(text))],
  ['rpm-ostree, a stand-in', (text) => rpmOstreeStandIn(layout(text))],
])('goodboot rollback by %s', (_backend, make) => {
  test.each([
    ['2* 1', 1, 2, '1 2'],
    ['3s 2* 1', 1, 2, '1 2'],
    ['2* 1 0', 1, 2, '1 2 0'],
    ['2 1*', 1, 2, '1 2'],
  ])('from %s goes to %d and denies %d', async (before, to, leaves, after) => {
    await using subject = await make(before);
    const deps = node(subject);
    const [target, left] = [subject.idOf(to), subject.idOf(leaves)];
    expect(await rollBack(deps, request)).toMatchObject({ to: target, leaves: left, changed: true });
    expect(await subject.seen()).toBe(after);
    const state = await loadState(deps.files);
    expect([state.trial, state.denied.map(({ deployment }) => deployment)]).toEqual([null, [left]]);
    if (before.startsWith('2 1')) return; // it runs what it went to: asked again it would go on from there
    expect(await rollBack(deps, request)).toMatchObject({ to: target, changed: false });
    expect(await subject.seen()).toBe(after);
  });
});
