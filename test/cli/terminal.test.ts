import { beforeAll, describe, expect, test } from 'vitest';
import { build, goodboot, goodbootOn, makeDirectory, makeGrubenv, onlyCommand } from '../helpers/cli.ts';

beforeAll(build, 60_000);

const BROKEN = 'apiVersion: goodboot/v1\nrequird: {}\n';
const RED = '\u001b[31m';

/** A machine with a failing check and a broken file: something to say on both streams. */
const machine = () =>
  makeDirectory({
    'run/goodboot/config.d/50-test.yaml': onlyCommand(['false']),
    'run/goodboot/config.d/60-broken.yaml': BROKEN,
  });

describe('colours', () => {
  test.each([
    ['are there on a terminal', '', {}, true],
    ['are not there with NO_COLOR', '', { NO_COLOR: '1' }, false],
    ['are there with an empty NO_COLOR', '', { NO_COLOR: '' }, true],
    ['are not there in a pipe', '| cat', {}, false],
  ])('%s', async (_, pipe, env, wanted) => {
    await using on = await machine();
    const how = `script --quiet --command "$* 2>/dev/null ${pipe}" /dev/null`;
    const { stdout } = await goodbootOn(on, ['check', 'run'], { how, env });
    expect(stdout).toMatch(/fail.*probe/);
    expect(stdout.includes(`${RED}fail`)).toBe(wanted);
  });

  test.each([
    ['stderr is a terminal and stdout is not', '>/dev/null', true],
    ['stdout is a terminal and stderr is not', '2>&1 >/dev/null | cat', false],
  ])('of a warning go by stderr: %s', async (_, redirection, wanted) => {
    await using on = await machine();
    const how = `script --quiet --command "$* ${redirection}" /dev/null`;
    const { stdout } = await goodbootOn(on, ['check', 'list'], { how });
    expect(stdout).toContain('60-broken.yaml:2:1');
    expect(stdout.includes(`${RED}error`)).toBe(wanted);
  });

  test('are never in JSON', async () => {
    await using on = await machine();
    const how = 'script --quiet --command "$* 2>/dev/null" /dev/null';
    const { stdout } = await goodbootOn(on, ['check', 'run', '--json'], { how });
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'CheckRun', verdict: 'bad' });
  });
});

describe('stdout has the answer and nothing else', () => {
  test('also where there is something to warn of', async () => {
    await using on = await machine();
    const { stdout, stderr } = await goodbootOn(on, ['check', 'run']);
    expect(stdout).toMatch(/^ {2}fail {3}probe .*\nthis boot would be bad \(1 check: 1 fail\)\n$/);
    expect(stderr).toMatch(/^error: .*60-broken\.yaml:2:1 requird: unknown key .*\nhint: .*\n$/);
  });

  test('so that it is empty where there is no answer', async () => {
    const { exitCode, stdout, stderr } = await goodboot(['status']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 66, stdout: '' });
    expect(stderr).toMatch(/^goodboot: .* \[NO_VERDICT\]\nhint: .*\n$/);
  });
});

describe('a person who is not root', () => {
  // In a user namespace of its own that maps nobody, it is one who may read all that root may read, and has no rights.
  const how = 'unshare --user -- "$@" || exit $?';

  test.each([['mark good'], ['verdict']])('may not run %s', async (command) => {
    await using on = await machine();
    await makeGrubenv(`${on.path}/boot/grub2/grubenv`, ['boot_success=0']);
    const ran = await goodbootOn(on, command.split(' '), { how });
    expect(ran).toMatchObject({ exitCode: 77, stdout: '' });
    expect(ran.stderr).toMatch(/^goodboot: .* \[NEEDS_ROOT\]\nhint: run it with sudo\n$/);
  });

  test.each([
    ['check run', 20],
    ['check list', 0],
    ['verdict --dry-run', 20],
    ['config show', 0],
    ['history', 0],
    ['explain units', 0],
  ])('may run %s', async (command, exitCode) => {
    await using on = await machine();
    expect(await goodbootOn(on, command.split(' '), { how })).toMatchObject({ exitCode });
  });
});
