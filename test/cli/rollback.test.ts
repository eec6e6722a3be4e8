import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { build, type Directory, goodbootOn, grubenvOf, jsonOf, makeGrubenv } from '../helpers/cli.ts';
import { makeOstreeMachine, ON_OSTREE } from '../helpers/ostree-machine.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';
import { loadState, versionIn } from '../lab/stand-in/sysroot-state.ts';

beforeAll(build, 60_000);

const order = (machine: Directory) => versionIn(join(machine.path, 'run/sysroot.json'));
const rollback = (machine: Directory, ...args: readonly string[]) =>
  goodbootOn(machine, ['rollback', ...args], { how: ON_OSTREE });
const stateOf = async (machine: Directory) =>
  JSON.parse(await readFile(join(machine.path, 'var/lib/goodboot/state.json'), 'utf8'));
const boot = (n: number, bootId: string, ended: 'clean' | null) => ({
  bootId,
  deployment: checksumOf(n),
  startedBy: 'boot-loader',
  timeMs: 1,
  proven: true,
  ended,
});
const ranBoth = { v: 1, trial: null, denied: [], boots: [boot(1, 'a', 'clean'), boot(2, 'b', null)] };

describe('goodboot rollback', () => {
  test('says what it would do, does it, and does it once', async () => {
    await using machine = await makeOstreeMachine('3s 2* 1', ranBoth);
    const grubenv = join(machine.path, 'boot/grub2/grubenv');
    await makeGrubenv(grubenv, ['boot_success=1']);
    const [planned, told] = [await rollback(machine, '--dry-run', '--json'), await rollback(machine, '--dry-run')];
    expect(jsonOf(planned)).toEqual({
      apiVersion: 'goodboot/v1',
      kind: 'Rollback',
      dryRun: true,
      changed: true,
      to: checksumOf(1),
      leaves: checksumOf(2),
      why: 'ran-before',
      drops: checksumOf(3),
      denies: true,
      reboots: false,
    });
    expect(told).toMatchObject({ exitCode: 0, stderr: '' });
    expect(told.stdout).toBe(`would go to  ${checksumOf(1)}
why          it is the next in the menu that came up on this node before
leaves       ${checksumOf(2)} (would be denied)
would drop   ${checksumOf(3)} (staged; it may come again)
next         the next boot would start it; systemctl reboot, or --apply, does it now
dry run      nothing was changed
`);
    expect([order(machine), await stateOf(machine)]).toEqual(['3s 2 1', ranBoth]);

    expect((await rollback(machine)).stdout).toMatch(new RegExp(`^goes to  ${checksumOf(1)}\n`));
    expect(order(machine)).toBe('1 2');
    expect(await stateOf(machine)).toMatchObject({
      trial: null,
      denied: [{ deployment: checksumOf(2), why: 'rolled back by hand' }],
      chosen: checksumOf(1),
    });
    expect(await grubenvOf(grubenv)).toBe('boot_success=0\n');
    const again = await rollback(machine, '--json');
    expect(jsonOf(again)).toMatchObject({ to: checksumOf(1), changed: false, denies: false });
    const history = jsonOf(await goodbootOn(machine, ['history', '--json']));
    const steps = history.kind === 'History' ? history.records.map((record) => Object(record).step) : [];
    expect(steps).toEqual(['dropped', 'rollback-by-hand', 'rolled-back', 'denied']);
  });

  test.each<[name: string, layout: string, state: object, args: readonly string[], exit: number, says: RegExp]>([
    ['only one', '2*', ranBoth, [], 69, /there is only one deployment \[NOTHING_TO_GO_BACK_TO\]/],
    [
      'the other is denied',
      '2* 1',
      { ...ranBoth, denied: [{ deployment: checksumOf(1), since: '', why: '' }] },
      [],
      65,
      /it is denied on this node \[DEPLOYMENT_DENIED\]\nhint: .*goodboot deny remove [0-9a-f]{64} allows it/,
    ],
    [
      'it cannot be told what is left',
      '1 2*',
      ranBoth,
      [],
      65,
      /boots next, and something else runs \[DEFAULT_DIFFERS\]/,
    ],
    [
      'the other never came up here',
      '2* 1',
      { ...ranBoth, boots: [] },
      [],
      65,
      /^goodboot: [0-9a-f]{64}: it never came up on this node \[WAY_BACK_UNPROVEN\]\nhint: goodboot rollback --force /,
    ],
    ['nobody can reboot', '2* 1', ranBoth, ['--apply'], 69, /\[SYSTEMD_ABSENT\]/],
    ['what it remembers cannot be read', '2* 1', { v: 2 }, [], 74, /\[STATE_UNREADABLE\]/],
  ])('is refused, and changes nothing: %s', async (_name, layout, state, args, exit, says) => {
    await using machine = await makeOstreeMachine(layout, state);
    const ran = await rollback(machine, ...args);
    expect(ran).toMatchObject({ exitCode: exit, stdout: '', stderr: expect.stringMatching(says) });
    expect([order(machine), await stateOf(machine)]).toEqual([layout.replace('*', ''), state]);
  });

  test('goes to one that never came up here when it is told to', async () => {
    await using machine = await makeOstreeMachine('2* 1', { ...ranBoth, boots: [] });
    const ran = await rollback(machine, '--force', '--json');
    expect(jsonOf(ran)).toMatchObject({ to: checksumOf(1), why: 'never-ran' });
    expect(order(machine)).toBe('1 2');
  });

  test('needs root, and a running machine', async () => {
    await using machine = await makeOstreeMachine('2* 1', ranBoth);
    const user = { how: 'setpriv --reuid=65534 --clear-groups "$@"' };
    expect(await goodbootOn(machine, ['rollback', '--dry-run'], user)).toMatchObject({ exitCode: 77 });
    expect(await goodbootOn(machine, ['--root', '/run', 'rollback'])).toMatchObject({ exitCode: 64 });
    expect(loadState(join(machine.path, 'run/sysroot.json')).entries.length).toBe(2);
  });

  test('that the backend refuses says so, keeps the decision, and does it when asked again', async () => {
    await using machine = await makeOstreeMachine('2* 1', ranBoth, ['ostree-fails', 'ostree-fails', 'ostree-fails']);
    const failed = await rollback(machine);
    expect(failed).toMatchObject({ exitCode: 70, stderr: expect.stringMatching(/ROLLBACK_FAILED/) });
    expect((await stateOf(machine)).trial).toMatchObject({ phase: 'fell-back', from: checksumOf(1) });
    expect(await rollback(machine)).toMatchObject({ exitCode: 0 });
    expect([order(machine), (await stateOf(machine)).trial]).toEqual(['1 2', null]);
  }, 60_000);
});
