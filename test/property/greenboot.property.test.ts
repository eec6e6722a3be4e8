import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConf } from '../../src/core/greenboot/conf.ts';
import { ScriptOutput } from '../../src/core/greenboot/output.ts';
import { type Entry, type Script, select, wavesOf } from '../../src/core/greenboot/scripts.ts';
import { readSettings } from '../../src/core/greenboot/settings.ts';

const TOKENS = [
  'A',
  '=',
  '+=',
  '(',
  ')',
  '"',
  "'",
  '\\',
  '$',
  '`',
  '#',
  ';',
  ' ',
  '\n',
  '\r',
  '{',
  '}',
  'if',
  'fi',
  '[',
];
const noise = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join('')),
);

describe('a configuration of any text', () => {
  test('is read without an exception, in lines that it has', () => {
    fc.assert(
      fc.property(noise, (text) => {
        const { problems } = parseConf(text);
        readSettings(text);
        for (const { line } of problems) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(text.split(/\r\n?|\n/).length);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('before it takes nothing from a key in a line of its own', () => {
    const closed = noise.filter((text) => !/["'(\\`$]|\bif\b|\{/.test(text));
    fc.assert(
      fc.property(closed, (text) => {
        expect(readSettings(`${text}\nGREENBOOT_MAX_BOOT_ATTEMPTS=7`).maxBootAttempts).toBe(7);
      }),
      { numRuns: 2000 },
    );
  });
});

/** A word, and one way to write it for a shell. */
const word = fc
  .string({ unit: fc.constantFrom(...'ab01_.- #$"\'\\`(){};=/é'), minLength: 1, maxLength: 8 })
  .chain((text) =>
    fc.constantFrom(
      { text, written: `'${text.replaceAll("'", `'\\''`)}'` },
      { text, written: `"${text.replace(/["\\$`]/g, '\\$&')}"` },
      { text, written: text.replace(/[^\w.]/gu, '\\$&') },
    ),
  );
const blank = fc.constantFrom(' ', '\t', '\n', '\n # a comment ")\n\t');
const assignment = fc.record({
  name: fc.constantFrom('A', 'B_1', 'DISABLED_HEALTHCHECKS'),
  words: fc.array(fc.tuple(word, blank), { maxLength: 4 }),
  isArray: fc.boolean(),
  head: fc.constantFrom('', 'export ', '  ', '# comment\n'),
  end: fc.constantFrom('\n', ' # comment\n', ';', '\n\n'),
});

test('what bash makes of assignments is what is read', () => {
  const cases = fc
    .sample(fc.uniqueArray(assignment, { minLength: 1, maxLength: 3, selector: ({ name }) => name }), 150)
    .map((parts) =>
      parts
        .map(({ name, words, isArray, head, end }) => {
          const value = isArray
            ? `(${words.map(([{ written }, after]) => written + after).join('')})`
            : (words[0]?.[0].written ?? '');
          return `${head}${name}=${value}${end}`;
        })
        .join(''),
    );
  // One shell for all of them: each in a subshell, its keys printed as name, NUL, values with a NUL behind each, SOH.
  const print = `for k in A B_1 DISABLED_HEALTHCHECKS; do
    [[ -v $k || -n \${!k@A} ]] || continue
    declare -n r=$k; printf '%s\\0' "$k"; for v in "\${r[@]}"; do printf '%s\\0' "$v"; done; printf '\\1'; unset -n r
  done; printf '\\2'`;
  const script = cases.map((text) => `(\n${text}\n${print}\n)\n`).join('');
  const { stdout, stderr } = spawnSync('bash', ['-s'], { input: script, encoding: 'utf8' });
  const answers = stdout.split('\u0002').slice(0, -1);
  expect(answers.length, stderr).toBe(cases.length);
  for (const [at, text] of cases.entries()) {
    const wanted = Object.fromEntries(
      answers[at]!.split('\u0001')
        .slice(0, -1)
        .map((part) => {
          const [name, ...values] = part.split('\0').slice(0, -1);
          return [name, values];
        }),
    );
    const { values, problems } = parseConf(text);
    expect(problems, text).toEqual([]);
    expect(Object.fromEntries([...values].map(([name, value]) => [name, [value].flat()])), text).toEqual(wanted);
  }
});

const directory = { path: '/etc/greenboot/check/required.d', kind: 'required' } as const;
const entry = fc.record<Entry>({
  path: fc.stringMatching(/^[\w.~ -]{1,12}$/).map((name) => `${directory.path}/${name}`),
  directory: fc.constant(directory),
  is: fc.constantFrom('file', 'nothing', 'null-device', 'other'),
  executable: fc.boolean(),
});

test('every entry is either run or listed as not run, once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ path }) => path }), (entries) => {
      const { scripts, notRun } = select(entries, ['a.sh']);
      expect([...scripts, ...notRun].map(({ path }) => path).sort()).toEqual(entries.map(({ path }) => path).sort());
    }),
  );
});

test('waves hold every script once, and numbers only rise', () => {
  const script = fc
    .tuple(fc.stringMatching(/^\d{0,3}$/), fc.nat(9))
    .map(([number, n]): Script => ({ path: `/x/${number}_${n}.sh`, kind: 'required', broken: null }));
  fc.assert(
    fc.property(fc.array(script), (scripts) => {
      const waves = wavesOf(scripts);
      expect(
        waves
          .flat()
          .map(({ path }) => path)
          .sort(),
      ).toEqual(scripts.map(({ path }) => path).sort());
      const numbers = waves.map(([first]) => /^\/x\/(\d*)/.exec(first!.path)![1]!);
      const numbered = numbers.filter((number) => number !== '');
      expect(numbered).toEqual(numbered.toSorted());
      expect(numbers.indexOf('') === -1 || numbers.indexOf('') === numbers.length - 1).toBe(true);
    }),
  );
});

test('lines of output are whole however they come, and the end of them is kept', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.array(fc.nat(40)), (text, cuts) => {
      const lines: string[] = [];
      const output = new ScriptOutput(({ text: line }) => lines.push(line));
      let bytes = Buffer.from(text.toWellFormed());
      for (const cut of cuts) {
        output.add(bytes.subarray(0, cut));
        bytes = bytes.subarray(cut);
      }
      output.add(bytes);
      output.end();
      const whole: string[] = [];
      const once = new ScriptOutput(({ text: line }) => whole.push(line));
      once.add(Buffer.from(text.toWellFormed()));
      once.end();
      expect(lines).toEqual(whole);
      expect(output.tail()).toBe(once.tail());
    }),
  );
});
