import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DrillResult } from '../../src/core/drill/result.ts';
import { build, type Directory, goodbootOn, jsonOf, makeGrubenv } from '../helpers/cli.ts';
import { makeOstreeMachine, ON_OSTREE } from '../helpers/ostree-machine.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';
import { versionIn } from '../lab/stand-in/sysroot-state.ts';

beforeAll(build, 60_000);

const EMPTY = { v: 1, trial: null, denied: [], boots: [] };
const RESULT: DrillResult = {
  apiVersion: 'goodboot/v1',
  kind: 'Drill',
  state: 'passed',
  deployment: checksumOf(3),
  from: checksumOf(2),
  attempts: 1,
  started: '2026-11-21T02:00:00.000Z',
  ended: '2026-11-21T02:01:00.000Z',
  steps: [
    { step: 'begun', time: '2026-11-21T02:00:00.000Z', tookMs: 0 },
    { step: 'deployed and armed', time: '2026-11-21T02:00:05.000Z', tookMs: 5000 },
    { step: 'put back and compared', time: '2026-11-21T02:01:00.000Z', tookMs: null },
  ],
  reasons: [],
};

async function makeNode(state: object = EMPTY): Promise<Directory> {
  const machine = await makeOstreeMachine('2* 1', state);
  await makeGrubenv(join(machine.path, 'boot/grub2/grubenv'), ['boot_success=1']);
  return machine;
}
const drill = (machine: Directory, ...args: readonly string[]) =>
  goodbootOn(machine, ['drill', ...args], { how: ON_OSTREE });
const put = async (machine: Directory, name: string, value: object) => {
  await mkdir(join(machine.path, 'var/lib/goodboot'), { recursive: true });
  await writeFile(join(machine.path, 'var/lib/goodboot', name), JSON.stringify(value));
};

describe('goodboot drill', () => {
  test('is refused with every reason at once, and changes nothing', async () => {
    await using machine = await makeNode();
    for (const args of [['--yes'], ['--dry-run'], ['--window', 'Sun 03:00-03:01', '--yes']]) {
      const ran = await drill(machine, ...args);
      expect(ran).toMatchObject({ exitCode: 69, stdout: '' });
      expect(ran.stderr).toMatch(
        /this boot is not judged yet; the boot loader has not proved in this boot .*; doctor: units: not installed: .*\[DRILL_REFUSED\]\nhint: goodboot doctor/,
      );
    }
    expect(versionIn(join(machine.path, 'run/sysroot.json'))).toBe('2 1');
    const state = await readFile(join(machine.path, 'var/lib/goodboot/state.json'), 'utf8');
    expect(JSON.parse(state)).toEqual(EMPTY);
    expect((await drill(machine, 'show')).stdout).toBe('drill  there was none on this node\n');
  });

  test.each([
    ['0', 64],
    ['11', 64],
    ['many', 64],
  ])('--attempts %s is a mistake', async (attempts, exitCode) => {
    await using machine = await makeNode();
    expect(await drill(machine, '--attempts', attempts, '--yes')).toMatchObject({ exitCode });
  });

  test('needs root, a running machine, and a window that can be read', async () => {
    await using machine = await makeNode();
    const user = { how: 'setpriv --reuid=65534 --clear-groups "$@"' };
    expect(await goodbootOn(machine, ['drill', '--yes'], user)).toMatchObject({ exitCode: 77 });
    expect(await goodbootOn(machine, ['--root', '/run', 'drill', '--yes'])).toMatchObject({ exitCode: 64 });
    expect(await drill(machine, '--window', 'now')).toMatchObject({ exitCode: 65 });
  });

  test('shows the last one, step by step', async () => {
    await using machine = await makeNode();
    await put(machine, 'last-drill.json', RESULT);
    const [text, json] = [await drill(machine, 'show'), await drill(machine, 'show', '--json')];
    expect(jsonOf(json)).toEqual(RESULT);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toBe(`2026-11-21T02:00:00Z             begun
2026-11-21T02:00:05Z  5 s        deployed and armed
2026-11-21T02:01:00Z  not known  put back and compared

drill         passed, 1 m in all
attempts      1
goes back to  ${checksumOf(2)}
`);
    await put(machine, 'last-drill.json', { ...RESULT, state: 'failed', reasons: ['denied: was nothing, is x'] });
    expect(await drill(machine, 'show')).toMatchObject({
      exitCode: 20,
      stdout: expect.stringMatching(/drill +failed, .*\nreason +denied: was nothing, is x\n$/s),
    });
    await put(machine, 'last-drill.json', {});
    expect(await drill(machine, 'show')).toMatchObject({
      exitCode: 66,
      stderr: expect.stringMatching(/last-drill\.json/),
    });
  });

  test('shows the one that is under way, and refuses another', async () => {
    await using machine = await makeNode();
    const view = { booted: checksumOf(2), deployments: [], marks: {}, denied: [] };
    const about = { deployment: checksumOf(3), from: checksumOf(2), attempts: 2, started: RESULT.started };
    await put(machine, 'drill.json', { v: 1, ...about, ledgerSeq: 0, pinned: [], before: view });
    expect(jsonOf(await drill(machine, 'show', '--json'))).toMatchObject({ state: 'under-way', ...about });
    expect((await drill(machine, '--yes')).stderr).toMatch(/a drill is under way/);
  });

  test('that never came to anything is put away by goodboot-drill.service', async () => {
    await using machine = await makeNode();
    const view = { booted: checksumOf(2), deployments: [2, 1].map((n) => ({ id: checksumOf(n), pinned: false })) };
    const before = { ...view, marks: { boot_success: '1' }, denied: [] };
    const about = { v: 1, deployment: null, from: checksumOf(2), attempts: 2, started: RESULT.started };
    await put(machine, 'drill.json', { ...about, ledgerSeq: 0, pinned: [], before });
    expect(await drill(machine, 'finish')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/The drill did not pass/),
    });
    expect(jsonOf(await drill(machine, 'show', '--json'))).toMatchObject({
      state: 'interrupted',
      reasons: ['it did not come to a fallback'],
    });
    expect((await drill(machine, 'finish')).stdout).toBe('');
  });
});
