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

describe('while checks run, a terminal shows a table', () => {
  const ESC = '\u001b';
  const SIZE = 'stty cols 60 rows 20;';
  const slow = (ms: number) =>
    makeDirectory({ 'run/goodboot/config.d/50-test.yaml': onlyCommand(['sh', '-c', `sleep ${ms / 1000}; exit 1`]) });
  /** What a terminal was sent, in pictures: each but the first begins with the way back to the top of the table. */
  const pictures = (sent: string) => sent.replaceAll('\r\n', '\n').split(`${ESC}[1A\r${ESC}[J`);

  test.each([['check run'], ['verdict --dry-run']])(
    'in its place, and then the line that stays (%s)',
    async (command) => {
      await using on = await slow(1200);
      const how = `script --quiet --return --command "${SIZE} $*" /dev/null || exit $?`;
      const ran = await goodbootOn(on, command.split(' '), { how, env: { TERM: 'xterm', NO_COLOR: '1' } });
      expect(ran.exitCode).toBe(20);
      const [first = '', ...others] = pictures(ran.stdout);
      expect(first).toMatch(/^ {2}(waits|runs ) {2}probe {2}required.*\n$/);
      expect(others.slice(0, -1).join('')).toContain('  runs   probe  required  1 s\n');
      expect(others.at(-1)).toMatch(
        /^ {2}fail {3}probe {2}required {2}1\.\d s {5}sh ended with exit status 1; exit status 0 was wanted\n/,
      );
      expect(ran.stdout).not.toContain(`${ESC}[?`);
    },
  );

  test.each([
    ['that is dumb', { TERM: 'dumb' }],
    ['of no kind', {}],
  ])('but not one %s', async (_, env) => {
    await using on = await slow(0);
    const how = `script --quiet --return --command "${SIZE} $*" /dev/null || exit $?`;
    const { stdout } = await goodbootOn(on, ['check', 'run'], { how, env: { ...env, NO_COLOR: '1' } });
    expect(stdout.replaceAll('\r', '')).toMatch(/^ {2}fail {3}probe .*\nthis boot would be bad \(1 check: 1 fail\)\n$/);
  });

  test('that is left as it was by Ctrl-C', async () => {
    await using on = await slow(60_000);
    const typed = `{ for n in 1 2 3 4 5 6 7 8 9; do sleep 0.5; ! grep -q runs /run/sent || break; done; printf '\\003'; sleep 0.5; }`;
    const how = `${typed} | script --quiet --return --flush --command "${SIZE} $*" /run/sent >/dev/null || echo $?; cat /run/sent`;
    const { stdout } = await goodbootOn(on, ['check', 'run'], { how, env: { TERM: 'xterm' } });
    expect(stdout).toMatch(/^130\n/);
    expect(stdout).toMatch(/runs.*probe.*\r\n\^C/);
    expect(stdout).not.toContain(`${ESC}[?`);
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
