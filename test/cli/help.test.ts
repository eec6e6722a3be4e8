import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { build, COMMAND, goodboot, jsonOf } from '../helpers/cli.ts';
import { run } from '../lab/run.ts';

beforeAll(build, 60_000);

/** Every command line for people, and every group of them, without `goodboot` itself and what only units run. */
function commandsBelow(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  const shown = command.createHelp().visibleCommands(command);
  return shown
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => {
      const here = [...path, each.name()];
      return [here, ...commandsBelow(each, here)];
    });
}
const nobody = { write: () => true, on: () => process.stdout };
const program = buildProgram(terminalOf(nobody, nobody, false), () => undefined);
const COMMANDS = commandsBelow(program).map((path) => path.join(' '));

describe('help', () => {
  test('is there for every command that there is', () => {
    expect(COMMANDS).toEqual(expect.arrayContaining(['check run', 'verdict', 'config show', 'mark', 'explain']));
  });

  test.each(['', ...COMMANDS])(
    'of "%s" is the answer when it is asked for, and has examples that can be run',
    async (path) => {
      const { exitCode, stdout, stderr } = await goodboot([...path.split(' ').filter(Boolean), '--help']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const [usage, examples] = stdout.split('\nExample');
      expect(usage).toContain(`Usage: goodboot ${path}`.trim());
      const lines = examples?.split('\n').filter((line) => line.startsWith('  '));
      expect(lines?.length).toBeGreaterThan(0);
      for (const line of lines ?? []) expect(line).toMatch(new RegExp(`^ {2}goodboot (--root \\S+ )?${path}`));
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  test.each(['', 'check', 'config'])('of "%s" is no answer when a command is missing', async (path) => {
    const { exitCode, stdout, stderr } = await goodboot(path.split(' ').filter(Boolean));
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toContain('Commands:');
  });
});

describe('what is not understood', () => {
  test.each([
    ['an unknown command', ['chekc'], "unknown command 'chekc'", 'did you mean check?'],
    ['an unknown command of a group', ['config', 'shwo'], "unknown command 'shwo'", 'did you mean show?'],
    ['an unknown option', ['--jsn', 'status'], "unknown option '--jsn'", 'did you mean --json?'],
    ['an unknown option of a command', ['verdict', '--dryrun'], "unknown option '--dryrun'", 'did you mean --dry-run?'],
    ['an unknown mark', ['mark', 'god'], 'mark "god": good or bad was wanted', 'did you mean good?'],
    ['no number', ['history', '-n', 'all'], '--lines all: a whole number from 1 was wanted', 'goodboot --help'],
    ['a missing argument', ['explain'], "missing required argument 'code'", 'goodboot --help'],
    ['too many arguments', ['mark', 'good', 'now'], "too many arguments for 'mark'", 'goodboot --help'],
    [
      'checks of another root',
      ['--root', '/usr', 'check', 'run'],
      'only the check greenboot takes --root',
      'goodboot --help',
    ],
    ['a verdict on another root', ['--root', '/usr', 'verdict'], 'it takes no --root', 'goodboot --help'],
  ])('%s: exit status 64, and a hint', async (_, args, message, hint) => {
    const { exitCode, stdout, stderr } = await goodboot(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    const [first, second, ...others] = stderr.split('\n');
    expect(first).toMatch(/^goodboot: .* \[USAGE\]$/);
    expect(first).toContain(message);
    expect(second).toMatch(/^hint: /);
    expect(second).toContain(hint);
    expect(others).toEqual(['']);
  });

  test('is told as JSON where JSON was asked for', async () => {
    const ran = await goodboot(['--json', 'chekc']);
    expect(ran).toMatchObject({ exitCode: 64, stderr: '' });
    expect(jsonOf(ran)).toMatchObject({ kind: 'Error', code: 'USAGE', hint: 'did you mean check?' });
  });

  test.each([
    ['an error code', 'CHECK_TIMEOT', 'CHECK_TIMEOUT'],
    ['an event', 'boot-hold', 'boot-held'],
    ['a check type', 'unit', 'units'],
  ])('%s: the nearest one is named', async (_, word, near) => {
    const ran = await goodboot(['explain', word]);
    expect(ran).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ran.stderr).toBe(`goodboot: "${word}" is not known [CODE_UNKNOWN]\nhint: did you mean ${near}?\n`);
  });

  test('a word that is near to nothing is not guessed at', async () => {
    expect((await goodboot(['explain', 'xyzzy'])).stderr).not.toContain('did you mean');
  });
});

test('--version names version, commit and runtime', async () => {
  const { exitCode, stdout } = await goodboot(['--version']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^goodboot \d+\.\d+\.\d+ \(([0-9a-f]{12}|unknown), node 26\.\d+\.\d+\)\n$/);
});

test('an older runtime is told which one is needed', async () => {
  const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})';
  const [node, ...args] = COMMAND;
  const { exitCode, stdout, stderr } = await run([node, '--import', older, ...args, 'status']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: '' });
  expect(stderr).toMatch(/^goodboot: Node 26 is needed, this is .* \[RUNTIME_TOO_OLD\]\nhint: .*npx goodboot\n$/);
});
