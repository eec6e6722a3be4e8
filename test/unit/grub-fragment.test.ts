import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyFragment, fragmentState, planFragment } from '../../src/adapters/boot-loader/fragment.ts';
import { withBlock, withoutBlock } from '../../src/adapters/boot-loader/fragment-block.ts';
import { commandsOf, sourcedBy } from '../../src/adapters/boot-loader/grub-script.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import { grubBoot } from '../helpers/grub-model.ts';
import { FRAGMENT } from '../helpers/real-grub.ts';

const fragment = await readFile(FRAGMENT, 'utf8');
const CUSTOM = 'if [ -f $prefix/custom.cfg ]; then\n  source $prefix/custom.cfg\nfi\n';
const USER = `if [ -f "\${prefix}/user.cfg" ]; then source "\${prefix}/user.cfg"; fi\n`;

describe('boots of a deployment that never gets good', () => {
  const armed = (n: number) =>
    new Map([
      ['boot_counter', `${n}`],
      ['goodboot_counter', `${n}`],
      ['boot_success', '0'],
    ]);
  const boots = (env: ReadonlyMap<string, string>, count: number, machine = {}): readonly string[] => {
    const { env: next, booted } = grubBoot(env, ['new', 'old'], machine);
    return count === 0 ? [] : [booted, ...boots(next, count - 1, machine)];
  };
  const machines = fc.record({ peer: fc.boolean(), bls: fc.boolean() });

  test('are as many as were armed, whoever else counts; then it is the old one, as long as nobody ends it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), machines, (n, machine) => {
        expect(boots(armed(n), n + 3, machine)).toEqual([...Array(n).fill('new'), 'old', 'old', 'old']);
      }),
    );
  });

  test.each([
    [false, 4],
    [true, 3],
  ])('are one more at most when another program armed 3 without the copy (a peer counts: %s)', (peer, attempts) => {
    const env = new Map([
      ['boot_counter', '3'],
      ['boot_success', '0'],
    ]);
    expect(boots(env, 5, { peer })).toEqual([...Array(attempts).fill('new'), ...Array(5 - attempts).fill('old')]);
  });

  test('go back to the entry with the recorded id, wherever it stands', () => {
    const env = new Map([...armed(0), ['goodboot_fallback', 'old']]);
    for (const peer of [false, true]) expect(grubBoot(env, ['new', 'rescue', 'old'], { peer }).booted).toBe('old');
  });

  test('go back to the second entry when the recorded one is gone', () => {
    expect(grubBoot(new Map([...armed(0), ['goodboot_fallback', 'gone']]), ['new', 'old']).booted).toBe('old');
  });

  test('are not counted while nothing is armed, and each proves that the fragment runs', () => {
    const { env, booted } = grubBoot(
      new Map([
        ['boot_success', '1'],
        ['goodboot_fragment', '0'],
      ]),
      ['new', 'old'],
    );
    expect([booted, Object.fromEntries(env)]).toEqual([
      'new',
      { boot_success: '0', goodboot_counter: '', goodboot_fragment: '1' },
    ]);
  });
});

describe('a GRUB script', () => {
  test.each<[string, string, string[]]>([
    ['Fedora', CUSTOM, ['custom.cfg']],
    ['quotes and braces', USER, ['user.cfg']],
    [
      'Debian',
      `if [ -f \${config_directory}/custom.cfg ]; then\n. \${config_directory}/custom.cfg\nfi`,
      ['custom.cfg'],
    ],
    ['a comment', '# source $prefix/custom.cfg', []],
    ['a comment behind a command', 'true; # source $prefix/custom.cfg', []],
    ['a word with # in it', 'echo a#b; source $prefix/custom.cfg', ['custom.cfg']],
    ['words only', 'echo source $prefix/custom.cfg', []],
    ['a quoted command', `echo "x\n source $prefix/custom.cfg"; echo 'y\n source $prefix/custom.cfg'`, []],
    ['an escaped quote', 'echo "\\""; source $prefix/custom.cfg', ['custom.cfg']],
    ['a menu entry', "menuentry 'x' {\n  source $prefix/custom.cfg\n}\n", []],
    ['a function, and what is after it', 'function f { source $prefix/a }; source $prefix/b', ['b']],
    ['a variable with braces in an entry', `menuentry x { echo \${y}; }; source $prefix/custom.cfg`, ['custom.cfg']],
    ['a line that goes on', 'source \\\n  $prefix/custom.cfg', ['custom.cfg']],
    ['a condition', 'if true; then :; elif true; then source $prefix/a; else source $prefix/b; fi', ['a', 'b']],
    ['a condition that reads', 'if ! source $prefix/a; then true; elif . $prefix/b; then true; fi', ['a', 'b']],
    ['a loop', 'while source $prefix/a; do source $prefix/b; done', ['a', 'b']],
    ['another place', 'source ($root)/custom.cfg; source $prefix/x/custom.cfg; source $other/custom.cfg', []],
  ])('%s: what it reads is found', (_, script, names) => {
    expect(sourcedBy(script)).toEqual(names);
  });

  test('of whatever bytes is understood somehow, in bounded time', () => {
    const piece = fc.constantFrom(
      '"',
      "'",
      '\\',
      '\n',
      '{',
      '}',
      `\${`,
      '$',
      '#',
      ' ',
      ';',
      'if',
      'source',
      '$prefix/a',
      '\0',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece).map((all) => all.join('')),
        ),
        (script) => {
          for (const command of commandsOf(script)) expect(command.length).toBeGreaterThan(0);
        },
      ),
    );
    for (const nasty of [`\${`, '"\\', "'", '{', ' #', '\\\n']) commandsOf(nasty.repeat(100_000));
  });

  test('gives back the words of any command, quoted or not', () => {
    const word = fc.stringMatching(/^[a-z$/.=-]{1,8}$/).filter((text) => text !== 'if' && text !== 'do');
    const style = fc.constantFrom(
      (text: string) => text,
      (text: string) => `'${text} #{'`,
      (text: string) => `"${text};}"`,
    );
    fc.assert(
      fc.property(word, fc.array(fc.tuple(word, style)), (name, args) => {
        const written = args.map(([text, quote]) => quote(text));
        const bare = written.map((text) => text.replace(/^(['"])([\s\S]*)\1$/, '$2'));
        expect(commandsOf(`x; ${[name, ...written].join(' ')} # end`)).toEqual([['x'], [name, ...bare]]);
      }),
    );
  });
});

test('the block is taken out to the byte, whatever stands around it, and is never there twice', () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('goodboot'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      expect(withoutBlock(withBlock(before))).toBe(before);
      expect(withBlock(withBlock(before))).toBe(withBlock(before));
      expect(withoutBlock(withBlock(before) + after)).toBe(before + after);
      expect(withBlock(withBlock(before) + after)).toBe(withBlock(before + after));
    }),
  );
});

describe('on an installed system', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'goodboot-fragment-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    await rm(join(root, 'boot'), { recursive: true, force: true });
  });

  const put = async (path: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  const boot = (name: string) => readFile(join(root, 'boot/grub2', name), 'utf8').catch(() => null);
  const state = () => fragmentState(makeFiles(root));
  const change = async (wanted: 'install' | 'remove'): Promise<readonly string[]> => {
    const files = makeFiles(root);
    const changes = await planFragment(files, wanted === 'install' ? fragment : null);
    await applyFragment(changes, { files, processes: makeProcesses(), warn: expect.unreachable });
    return changes.map(({ path, content }) => `${content === null ? '-' : '+'}${path}`);
  };

  test.each([
    ['custom.cfg', CUSTOM],
    ['custom.cfg', USER + CUSTOM + USER],
    ['user.cfg', USER],
  ])('it goes through %s, where grub.cfg reads that, and comes out again', async (hook, grubCfg) => {
    await put('/boot/grub2/grub.cfg', `set timeout=1\n${grubCfg}`);
    await put(`/boot/grub2/${hook}`, 'set superusers="root"');
    expect(await state()).toBe('absent');
    expect(await change('install')).toEqual(['+/boot/grub2/goodboot.cfg', `+/boot/grub2/${hook}`]);
    expect([await state(), await boot('goodboot.cfg')]).toEqual(['installed', fragment]);
    expect(await boot(hook)).toMatch(/^set superusers="root"\n# goodboot: .*\nif .*\n$/);
    expect((await stat(join(root, 'boot/grub2', hook))).mode & 0o777).toBe(0o600);
    expect(await change('install')).toEqual([]);
    expect(await change('remove')).toEqual([`-/boot/grub2/goodboot.cfg`, `+/boot/grub2/${hook}`].reverse());
    expect([await state(), await boot(hook), await boot('goodboot.cfg')]).toEqual([
      'absent',
      'set superusers="root"',
      null,
    ]);
    expect(await change('remove')).toEqual([]);
  });

  test('a file made for the block goes with it; an empty one that was there stays', async () => {
    await put('/boot/grub2/grub.cfg', CUSTOM + USER);
    await put('/boot/grub2/user.cfg', '');
    await change('install');
    expect(await change('remove')).toEqual(['-/boot/grub2/custom.cfg', '-/boot/grub2/goodboot.cfg']);
    expect(await boot('user.cfg')).toBe('');
  });

  test('an older fragment is replaced, and the block moves when the better file is read', async () => {
    await put('/boot/grub2/grub.cfg', USER);
    await change('install');
    await put('/boot/grub2/goodboot.cfg', 'set goodboot_fragment=1 # older\n');
    expect(await change('install')).toEqual(['+/boot/grub2/goodboot.cfg']);
    await put('/boot/grub2/grub.cfg', USER + CUSTOM);
    expect(await change('install')).toEqual(['+/boot/grub2/custom.cfg', '-/boot/grub2/user.cfg']);
    expect(await state()).toBe('installed');
  });

  test('nothing is changed where bootupd has put it into grub.cfg', async () => {
    await put('/boot/grub2/grub.cfg', `set timeout=1\n${fragment}blscfg\n${CUSTOM}`);
    expect([await state(), await change('install')]).toEqual(['installed', []]);
  });

  test('it is looked for in /boot/grub too', async () => {
    await put('/boot/grub/grub.cfg', CUSTOM);
    expect(await change('install')).toEqual(['+/boot/grub/goodboot.cfg', '+/boot/grub/custom.cfg']);
    expect(await state()).toBe('installed');
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['there is no grub.cfg', async () => undefined, 'no grub.cfg in /boot/grub2 or /boot/grub'],
    [
      'grub.cfg reads neither file',
      () => put('/boot/grub2/grub.cfg', 'blscfg\n'),
      '/boot/grub2/grub.cfg reads neither custom.cfg nor user.cfg',
    ],
    ['custom.cfg ends in a quote', () => put('/boot/grub2/custom.cfg', 'echo "'), 'a quote or a brace is left open'],
    [
      'custom.cfg ends in an entry',
      () => put('/boot/grub2/custom.cfg', 'menuentry x {'),
      'a quote or a brace is left open',
    ],
    ['custom.cfg is no text', () => put('/boot/grub2/custom.cfg', Buffer.from([0x61, 0xff])), 'it is not UTF-8'],
    [
      'custom.cfg is a link',
      async () => {
        await put('/boot/grub2/mine.cfg', 'true\n');
        await symlink('mine.cfg', join(root, 'boot/grub2/custom.cfg'));
      },
      'a regular file was wanted',
    ],
  ])('it is refused, and nothing touched, when %s', async (what, prepare, message) => {
    if (!what.includes('grub.cfg')) await put('/boot/grub2/grub.cfg', CUSTOM);
    await prepare();
    await expect(change('install')).rejects.toThrow(message);
    expect(await boot('goodboot.cfg')).toBeNull();
    expect(await state()).toBe('absent');
  });

  test('what cannot be looked at is not called absent', async () => {
    await put('/boot/grub2/grub.cfg', CUSTOM);
    await put('/boot/grub2/custom.cfg/x', '');
    expect(await state()).toBe('unreadable');
    await put('/boot/grub2/grub.cfg', `${fragment}${'#'.repeat(256 * 1024)}`);
    expect(await state()).toBe('unreadable');
  });

  test('files that read each other end somewhere', async () => {
    await put('/boot/grub2/grub.cfg', CUSTOM);
    await put('/boot/grub2/custom.cfg', USER);
    await put('/boot/grub2/user.cfg', CUSTOM);
    expect(await state()).toBe('absent');
  });
});
