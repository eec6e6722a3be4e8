import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { terminalOf } from '../../src/cli/terminal.ts';
import { completionTable } from '../../tools/completions/table.ts';
import { build, COMMAND, type Directory, goodboot, goodbootOn, makeDirectory, onlyCommand } from '../helpers/cli.ts';

const COMPLETIONS = resolve(import.meta.dirname, '../../dist/completions');
const DENIED = ['a'.repeat(64), `sha256:${'b'.repeat(64)}`];

let machine: Directory;

beforeAll(async () => {
  await build();
  const denied = [
    { deployment: DENIED[0], since: '2026-11-21T09:45:11.519Z', why: 'x' },
    { deployment: DENIED[1], since: '2026-11-21T09:45:11.519Z', why: 'x' },
  ];
  machine = await makeDirectory({
    'run/goodboot/config.d/50-test.yaml': onlyCommand(['true']),
    'var/lib/goodboot/state.json': JSON.stringify({ v: 1, trial: null, denied, boots: [] }),
    'run/files/site.yaml': '',
    'run/files/sub/x': '',
    'run/bin/goodboot': `#!/bin/sh\nexec ${COMMAND.join(' ')} "$@"\n`,
    'run/ask/bash': BASH,
    'run/ask/zsh': ZSH,
    'run/ask/fish': FISH,
  });
}, 60_000);
afterAll(() => machine[Symbol.asyncDispose]());

/** Programs that answer what a shell completes a line to, one a line. */
const BASH = `source ${COMPLETIONS}/goodboot.bash
COMP_LINE=$1 COMP_POINT=\${#1} COMP_TYPE=9
_goodboot
printf '%s\\n' "\${COMPREPLY[@]}"
`;
const FISH = `source ${COMPLETIONS}/goodboot.fish
complete -C "$argv[1]"
`;
/** A zsh of its own on a terminal: what is given to compadd is what it would list. */
const ZSH = `zmodload zsh/zpty
zpty ask zsh -f -i
zpty -w ask 'PS1=; PS2=; unsetopt zle_bracketed_paste; fpath=(${COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D
compadd() { if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >>/run/hits; builtin compadd "$@"; }
ended() { : >/run/ended }; zle -N ended; bindkey "^X" ended; bindkey "^I" complete-word; : >/run/ready'
for n in {1..100}; do [[ -e /run/ready ]] && break; sleep 0.1; done
: >/run/hits
zpty -w -n ask "$1"$'\\t'$'\\x18'
for n in {1..100}; do [[ -e /run/ended ]] && break; sleep 0.1; done
sort -u /run/hits
rm /run/ready /run/ended
zpty -d ask
`;

const SHELLS = {
  bash: 'bash --norc --noprofile /run/ask/bash',
  zsh: 'zsh -f /run/ask/zsh',
  fish: 'fish --no-config /run/ask/fish',
} as const;
type Shell = keyof typeof SHELLS;

async function completed(shell: Shell, line: string): Promise<readonly string[]> {
  const how = `chmod +x /run/bin/goodboot; cd /run/files; PATH="/run/bin:$PATH" ${SHELLS[shell]} "$LINE"`;
  const ran = await goodbootOn(machine, [], { how, env: { LINE: line, TERM: 'xterm', XDG_CONFIG_HOME: '/run/xdg' } });
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  const words = ran.stdout.split('\n').map((text) => text.replace(/\t.*/, '').replace(/\/$/, ''));
  return words.filter((word) => word !== '').toSorted();
}

describe.each<Shell>(['bash', 'zsh', 'fish'])('%s completes', (shell) => {
  test.each<[string, string, readonly string[]]>([
    ['a command', 'goodboot ver', ['verdict']],
    ['commands of a command', 'goodboot check ', ['list', 'run']],
    ['a command behind an option with a value', 'goodboot --root check tri', ['trial']],
    ['options of a command', 'goodboot rollback --f', ['--force']],
    ['options that go with every command', 'goodboot history --js', ['--json']],
    ['words that an argument can be', 'goodboot mark ', ['bad', 'good']],
    ['one argument where one is taken', 'goodboot mark good ', []],
    ['names of checks', 'goodboot check run pr', ['probe']],
    ['names of more checks', 'goodboot check run greenboot pr', ['probe']],
    ['what is denied', `goodboot deny remove ${'a'.repeat(5)}`, [DENIED[0]!]],
    ['nothing where nobody knows', 'goodboot deny add a', []],
    ['files', 'goodboot config check si', ['site.yaml']],
    ['directories', 'goodboot --root ', ['sub']],
    ['codes', 'goodboot explain GRUBENV_F', ['GRUBENV_FULL']],
    ['no command twice', 'goodboot status stat', []],
    ['commands to be helped with', 'goodboot help hist', ['history']],
  ])('%s', async (_, line, want) => {
    expect(await completed(shell, line)).toEqual(want);
  });

  test('all commands that are not hidden, and no other', async () => {
    const program = buildProgram(terminalOf(process.stdout, process.stderr, false), () => undefined);
    const names = program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name());
    expect(await completed(shell, 'goodboot ')).toEqual(names.toSorted());
  });

  test('nothing, and says nothing, where the state cannot be read', async () => {
    const path = join(machine.path, 'var/lib/goodboot/state.json');
    const before = await readFile(path, 'utf8');
    await writeFile(path, '{');
    try {
      expect(await completed(shell, 'goodboot deny remove ')).toEqual([]);
    } finally {
      await writeFile(path, before);
    }
  });
});

test('bash completes what it has split at a colon', async () => {
  expect(await completed('bash', 'goodboot deny remove sha256:bb')).toEqual(['b'.repeat(64)]);
  expect(await completed('zsh', 'goodboot deny remove sha256:bb')).toEqual([DENIED[1]]);
  expect(await completed('fish', 'goodboot deny remove sha256:bb')).toEqual([DENIED[1]]);
});

test('a directory stands behind --root= too', async () => {
  expect(await completed('bash', 'goodboot --root=s')).toEqual(['sub']);
  expect(await completed('zsh', 'goodboot --root=s')).toEqual(['sub']);
  expect(await completed('fish', 'goodboot --root=s')).toEqual(['--root=sub']);
});

describe('goodboot complete', () => {
  test('answers only words that a shell takes as they are', async () => {
    await using other = await makeDirectory({});
    await mkdir(join(other.path, 'var/lib/goodboot'), { recursive: true });
    const denied = ['$(touch /run/x)', 'a b', 'good'].map((deployment) => ({ deployment, since: '', why: '' }));
    const state = { v: 1, trial: null, denied, boots: [] };
    await writeFile(join(other.path, 'var/lib/goodboot/state.json'), JSON.stringify(state));
    expect(await goodbootOn(other, ['complete', 'denied'])).toEqual({ exitCode: 0, stdout: 'good\n', stderr: '' });
  });

  test.each([['checks'], ['denied'], ['boots'], ['words']])(
    'has the list %s, which some completion asks for',
    async (list) => {
      expect(await goodboot(['complete', list])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(JSON.stringify(completionTable())).toContain(`{"kind":"list","list":"${list}"}`);
    },
  );

  test('names the lists there are for one that there is not', async () => {
    const ran = await goodboot(['complete', 'all']);
    expect(ran).toMatchObject({ exitCode: 64, stdout: '' });
    expect(ran.stderr).toContain('one of checks, denied, boots, words was wanted');
  });
});
