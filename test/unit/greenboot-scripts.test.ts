import { describe, expect, it } from 'vitest';
import { bootStatusText } from '../../src/core/boot-status.ts';
import { ScriptOutput } from '../../src/core/greenboot/output.ts';
import { outcomeOf, type RunFacts, reasonOfEnd, type ScriptResult } from '../../src/core/greenboot/result.ts';
import { CHECK_DIRECTORIES, commandOf, type Entry, select, wavesOf } from '../../src/core/greenboot/scripts.ts';
import { errored, fail, pass } from '../../src/core/outcome.ts';

const [USR, ETC] = [CHECK_DIRECTORIES[0]!, CHECK_DIRECTORIES[1]!];
const entry = (name: string, given: Partial<Entry> = {}): Entry => {
  const directory = given.directory ?? ETC;
  return { path: `${directory.path}/${name}`, directory, is: 'file', executable: false, ...given };
};
const chosen = (...entries: readonly Entry[]) => select(entries, ['off.sh']).scripts.map(({ path }) => path);

describe('what is a script', () => {
  it.each([
    ['*.sh without an exec bit', entry('a.sh'), true],
    ['*.sh in a subdirectory', entry('sub/a.sh'), true],
    ['a hidden *.sh', entry('.a.sh'), true],
    ['an executable of any name', entry('a', { executable: true }), true],
    ['a name with blanks', entry('my check [1].sh'), true],
    ['a file that is neither', entry('README'), false],
    ['an executable in a subdirectory, which greenboot-rs passes over', entry('lib/tool', { executable: true }), false],
    ['an editor\u2019s backup, though it is executable', entry('a.sh~', { executable: true }), false],
    ['a lock of an editor', entry('.#a.sh', { is: 'nothing' }), false],
    ['what a package manager left', entry('a.sh.rpmsave', { executable: true }), false],
    ['a disabled one', entry('off.sh'), false],
    ['a disabled one in a subdirectory', entry('sub/off.sh'), false],
    ['a link to /dev/null', entry('a.sh', { is: 'null-device', executable: false }), false],
  ])('%s', (_, given, isScript) => {
    expect(chosen(given)).toEqual(isScript ? [given.path] : []);
    expect(select([given], ['off.sh']).notRun).toHaveLength(isScript ? 0 : 1);
  });

  it.each([
    ['a link that leads nowhere', 'nothing', 'it is a link that leads nowhere'],
    ['a pipe', 'other', 'it is no file'],
  ] as const)('%s counts, and cannot be run', (_, is, broken) => {
    expect(select([entry('a.sh', { is })], []).scripts).toMatchObject([{ broken }]);
  });

  it('both trees count: the same name in /etc runs too, and does not replace the one in /usr', () => {
    expect(chosen(entry('a.sh', { directory: USR }), entry('a.sh'))).toEqual([`${USR.path}/a.sh`, `${ETC.path}/a.sh`]);
  });

  it('a link to /dev/null in /etc masks the same name in /usr, of the same kind only', () => {
    const wanted = { path: '/usr/lib/greenboot/check/wanted.d', kind: 'wanted' } as const;
    const mask = entry('a.sh', { is: 'null-device' });
    expect(chosen(entry('a.sh', { directory: USR }), entry('b.sh', { directory: USR }), mask)).toEqual([
      `${USR.path}/b.sh`,
    ]);
    expect(chosen(entry('a.sh', { directory: wanted }), mask)).toEqual([`${wanted.path}/a.sh`]);
    expect(chosen(entry('a.sh', { directory: USR, is: 'null-device' }), entry('a.sh'))).toEqual([`${ETC.path}/a.sh`]);
  });

  it('names in DISABLED_HEALTHCHECKS that no file has are told', () => {
    expect(select([entry('a.sh')], ['a.sh', 'b.sh']).unknownDisabled).toEqual(['b.sh']);
  });
});

it.each([
  ['*.sh', 'x.sh', 'echo', ['bash', '/p']],
  ['*.sh for a shell', 'x.sh', '#!/bin/sh -e\n', ['bash', '/p']],
  ['*.sh for a shell behind env', 'x.sh', '#!/usr/bin/env -S bash -e\n', ['bash', '/p']],
  ['*.sh for another program', 'x.sh', '#!/usr/bin/python3\n', ['/usr/bin/python3', '/p']],
  [
    '*.sh for another program with an argument',
    'x.sh',
    '#! /usr/bin/env python3\r\n',
    ['/usr/bin/env', 'python3', '/p'],
  ],
  ['a program', 'x', '\u007fELF\u0002', ['/p']],
  ['a script with its own first line', 'x', '#!/usr/bin/perl -w\n', ['/p']],
  ['an executable text without a first line', 'x', 'exit 0\n', ['bash', '/p']],
  ['an empty file', 'x', '', ['bash', '/p']],
])('%s is started as it should be', (_, path, head, argv) => {
  expect(commandOf(path, '/p', head)).toEqual(argv);
});

it('scripts of one number run together, over all directories; numbers in the order of their names; the others last', () => {
  const names = ['b.sh', '20_a.sh', '10_b.sh', '100_c.sh', '10_a.sh', '.h.sh', '9_z'];
  const waves = wavesOf(names.map((name) => ({ path: `/x/${name}`, kind: 'required', broken: null })));
  expect(waves.map((wave) => wave.map(({ path }) => path.slice(3)))).toEqual([
    ['10_b.sh', '10_a.sh'],
    ['100_c.sh'],
    ['20_a.sh'],
    ['9_z'],
    ['b.sh', '.h.sh'],
  ]);
});

const result = (path: string, given: Partial<ScriptResult> = {}): ScriptResult => {
  const base = {
    kind: 'required',
    outcome: 'pass',
    exitStatus: 0,
    signal: null,
    durationMs: 5,
    reason: '',
    output: '',
  } as const;
  return { path, ...base, ...given };
};
const failed = (path: string, given: Partial<ScriptResult> = {}) =>
  result(path, { outcome: 'fail', exitStatus: 1, reason: 'ended with exit status 1', ...given });
const facts = (results: readonly ScriptResult[], given: Partial<RunFacts> = {}): RunFacts => {
  return { results, notRun: [], unknownDisabled: [], unreadable: [], notes: [], ...given };
};

describe('the outcome', () => {
  it('names every required script that failed', () => {
    expect(outcomeOf(facts([failed('/a'), result('/b'), failed('/c')]))).toMatchObject({
      state: 'fail',
      reason: '/a ended with exit status 1; /c ended with exit status 1; exit status 0 was wanted',
    });
  });

  it('is a pass when only wanted ones failed, and keeps them in the facts', () => {
    const outcome = outcomeOf(facts([result('/a'), failed('/w', { kind: 'wanted' })]));
    expect(outcome).toMatchObject({
      state: 'pass',
      facts: { scripts: [{ path: '/a' }, { path: '/w', outcome: 'fail' }] },
    });
  });

  it.each([
    ['a required script could not be run', facts([result('/a', { outcome: 'error', reason: 'cannot be run: x' })])],
    ['a directory of required scripts could not be read', facts([result('/a')], { unreadable: ['/d: EACCES'] })],
  ])('cannot tell when %s', (_, given) => {
    expect(outcomeOf(given)).toMatchObject({ state: 'error', code: 'SCRIPT_NOT_RUN' });
  });

  it('is a failure, and names both, when one failed and another could not be run', () => {
    const broken = result('/b', { outcome: 'error', reason: 'cannot be run: x' });
    expect(outcomeOf(facts([broken, failed('/a')]))).toMatchObject({
      state: 'fail',
      reason: '/a ended with exit status 1; /b cannot be run: x; exit status 0 was wanted',
    });
  });

  it('says so when there is nothing to run', () => {
    expect(outcomeOf(facts([]))).toEqual({
      state: 'skip',
      reason: 'there is no script in the directories of greenboot',
    });
    expect(outcomeOf(facts([], { notRun: [{ path: '/x', why: 'y' }] }))).toMatchObject({
      reason: expect.stringContaining('1 files are there that are not run'),
    });
  });

  it('stays small, and keeps what failed ones said before what others said', () => {
    const output = '\u0001"\\'.repeat(700);
    const many = Array.from({ length: 500 }, (_, at) => result(`/${at}`, { output }));
    const text = JSON.stringify(outcomeOf(facts([...many, failed('/f', { output })])));
    expect(text.length).toBeLessThan(400 * 1024);
    expect(JSON.parse(text).facts.scripts.at(-1).output).toBe(output);
  });
});

it.each([
  [{ exitStatus: 0 }, ''],
  [{ exitStatus: 137, lastLine: 'x' }, 'ended with exit status 137 and said "x"'],
  [{ signal: 'SIGKILL' }, 'was ended by SIGKILL'],
  [{ exitStatus: 0, timedOutMs: 600_000 }, 'did not end within 10 m'],
])('an end of %j is told as %j', (end, reason) => {
  expect(reasonOfEnd({ exitStatus: null, signal: null, timedOutMs: null, lastLine: null, ...end })).toBe(reason);
});

describe('what a script said', () => {
  const said = (...chunks: readonly string[]) => {
    const lines: string[] = [];
    const output = new ScriptOutput(({ text, priority }) => lines.push(`${priority} ${text}`));
    for (const chunk of chunks) output.add(Buffer.from(chunk));
    output.end();
    return { lines, last: output.lastLine() };
  };

  it.each([
    [['a\nb'], ['6 a', '6 b'], 'b'],
    [['<3>bad\n', '<9>x\n'], ['3 bad', '6 <9>x'], '<9>x'],
    [['<4>not yet\n'], ['4 not yet'], 'not yet'],
    [['ha', 'lf\n\n'], ['6 half'], 'half'],
    [['\u001b[31mred\u001b[0m\u0007\n'], ['6 red'], 'red'],
    [['10%\r20%\n'], ['6 10%\n20%'], '20%'],
    [[], [], null],
  ] as const)('%j is %j', (chunks, lines, last) => {
    expect(said(...chunks)).toEqual({ lines, last });
  });

  it('is told in pieces when a line does not end, and kept only at its end', () => {
    const { lines, last } = said('x'.repeat(200_000));
    expect(lines.join('').replaceAll('6 ', '')).toHaveLength(200_000);
    expect(last).toBe(`${'x'.repeat(159)}\u2026`);
  });
});

describe('the message of the day', () => {
  const bootLoader = { name: 'grub', detail: '', counter: null, success: null } as const;
  const check = (
    name: string,
    outcome: Parameters<typeof bootStatusText>[0]['checks'][number]['outcome'],
    required = true,
  ) => ({ name, type: 'x', required, outcome, durationMs: 1 }) as const;
  const report = (given: Partial<Parameters<typeof bootStatusText>[0]>) =>
    bootStatusText({
      verdict: 'good',
      standing: 'settled',
      actions: [],
      checks: [check('a', pass())],
      bootLoader,
      ...given,
    });

  it('begins with the words that people look for', () => {
    expect(report({})).toBe('Boot Status is GREEN - Health Check SUCCESS\n');
    expect(report({ verdict: 'bad' })).toMatch(/^Boot Status is RED - Health Check FAILURE!\n/);
  });

  it('names what failed, what it cost, and what is next', () => {
    const wanted = outcomeOf(facts([failed('/w', { kind: 'wanted' })]));
    const checks = [
      check('a', fail('it is down')),
      check('b', errored('X', 'nobody knows'), false),
      check('c', wanted),
    ];
    const loader = { name: 'grub', detail: '', success: false };
    expect(report({ verdict: 'bad', checks, bootLoader: { ...loader, counter: 1 } }).split('\n')).toEqual([
      'Boot Status is RED - Health Check FAILURE!',
      '  required a: it is down',
      '  wanted b: nobody knows',
      '  wanted c: /w ended with exit status 1',
      'Attempts left: 1.',
      '"goodboot status" says more.',
      '',
    ]);
    expect(report({ verdict: 'bad', bootLoader: { ...loader, counter: 0 } })).toContain(
      'The next boot is the fallback.',
    );
    expect(report({ standing: 'fallback' })).toContain('FALLBACK BOOT DETECTED!');
    const drilled = { action: { kind: 'end-trial', result: 'drilled' }, result: 'done', detail: '' } as const;
    expect(report({ standing: 'fallback', actions: [drilled] })).not.toContain('FALLBACK');
  });

  it('tells of the deployment that was left in every verdict of that boot', () => {
    const told = bootStatusText(
      { verdict: 'good', standing: 'settled', checks: [], bootLoader, actions: [] },
      'a'.repeat(64),
    );
    expect(told).toContain('FALLBACK BOOT DETECTED! The newer deployment (aaaaaaaaaaaa) failed its trial.\n');
  });

  it('has ten lines at most, required checks first, each no longer than two of a terminal, and no control character', () => {
    const reason = 'a\nb\u001b[31mc\u0007 '.repeat(100);
    const many = Array.from({ length: 20 }, (_, at) => check(`c${at}`, fail(reason), at === 19));
    const text = report({
      verdict: 'bad',
      standing: 'fallback',
      checks: many,
      bootLoader: { ...bootLoader, counter: 0 },
    });
    const lines = text.slice(0, -1).split('\n');
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(lines[2]).toMatch(/^ {2}required c19: a bc a bc/);
    expect(lines).toContain('  and 16 more');
    for (const line of lines) expect(line).toMatch(/^[^\p{C}]{1,162}$/u);
  });
});
