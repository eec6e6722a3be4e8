import { describe, expect, it } from 'vitest';
import { parseConf } from '../../src/core/greenboot/conf.ts';
import { readSettings } from '../../src/core/greenboot/settings.ts';

const disabledBy = (text: string) => readSettings(text).disabled;
const MULTI_LINE = 'DISABLED_HEALTHCHECKS=(\n\t"a.sh" # first\n\n\tb.sh\n)\n';

describe('DISABLED_HEALTHCHECKS', () => {
  it.each([
    ['in double quotes', 'DISABLED_HEALTHCHECKS=("a.sh" "b.sh")'],
    ['in single quotes', "DISABLED_HEALTHCHECKS=('a.sh' 'b.sh')"],
    ['without quotes, before a comment', 'DISABLED_HEALTHCHECKS=(a.sh b.sh) # c'],
    ['over several lines, with comments', MULTI_LINE],
    ['exported', 'export DISABLED_HEALTHCHECKS=(a.sh b.sh)'],
    ['declared', 'declare -a DISABLED_HEALTHCHECKS=(a.sh b.sh)'],
    ['added to', 'DISABLED_HEALTHCHECKS=(a.sh)\nDISABLED_HEALTHCHECKS+=(b.sh)'],
    ['set anew', 'DISABLED_HEALTHCHECKS=(c.sh)\nDISABLED_HEALTHCHECKS=(a.sh b.sh)'],
    ['with Windows line ends', MULTI_LINE.replaceAll('\n', '\r\n')],
    ['behind a byte order mark', '\ufeffDISABLED_HEALTHCHECKS=(a.sh b.sh)'],
    ['with blanks around the =', 'DISABLED_HEALTHCHECKS = ("a.sh" "b.sh")'],
    ['with an escaped line end', 'DISABLED_HEALTHCHECKS=(a.sh \\\n b.sh)'],
    ['built of another key', `A=a\nDISABLED_HEALTHCHECKS=("\${A}.sh" b.sh)`],
  ])('is a list %s', (_, text) => {
    expect(readSettings(text)).toMatchObject({ disabled: ['a.sh', 'b.sh'], problems: [] });
  });

  it.each([
    ['one line of words', 'DISABLED_HEALTHCHECKS="a.sh b.sh"', 'a list in brackets was wanted'],
    ['words behind blanks, as in an INI file', 'DISABLED_HEALTHCHECKS = a.sh b.sh', 'a list in brackets was wanted'],
  ])('is a list, too, in %s, which is said', (_, text, message) => {
    const { disabled, problems } = readSettings(text);
    expect(disabled).toEqual(['a.sh', 'b.sh']);
    expect(problems).toEqual([{ line: 1, message: expect.stringContaining(message) }]);
  });

  it.each(['', 'DISABLED_HEALTHCHECKS=()', 'DISABLED_HEALTHCHECKS=', '# DISABLED_HEALTHCHECKS=(a.sh)', null])(
    'is empty by %j',
    (text) => {
      expect(readSettings(text)).toMatchObject({ disabled: [], problems: [] });
    },
  );

  it('keeps blanks within quotes', () => {
    expect(disabledBy('DISABLED_HEALTHCHECKS=("a b.sh" c\\ d.sh)')).toEqual(['a b.sh', 'c d.sh']);
  });
});

describe('GREENBOOT_MAX_BOOT_ATTEMPTS', () => {
  it.each([
    'GREENBOOT_MAX_BOOT_ATTEMPTS=5',
    'GREENBOOT_MAX_BOOT_ATTEMPTS="5"',
    "GREENBOOT_MAX_BOOT_ATTEMPTS='5'",
    'GREENBOOT_MAX_BOOT_ATTEMPTS=5 # five',
    'GREENBOOT_MAX_BOOT_ATTEMPTS = 5 ; five',
    'GREENBOOT_MAX_BOOT_ATTEMPTS= 5',
    'export GREENBOOT_MAX_BOOT_ATTEMPTS=5',
    'A=1 GREENBOOT_MAX_BOOT_ATTEMPTS=5; B=2',
    '   # an indented comment\nGREENBOOT_MAX_BOOT_ATTEMPTS=5',
    '[greenboot]\n; a comment of INI files\nGREENBOOT_MAX_BOOT_ATTEMPTS=5',
    `${MULTI_LINE}GREENBOOT_MAX_BOOT_ATTEMPTS=5`,
    'GREENBOOT_MAX_BOOT_ATTEMPTS=5\nunset OTHER',
  ])('is 5 in %j, and nothing is wrong', (text) => {
    expect(readSettings(text)).toMatchObject({ maxBootAttempts: 5, problems: [] });
  });

  it.each([
    ['if [ -e /etc/x ]; then\n  GREENBOOT_MAX_BOOT_ATTEMPTS=9\nfi\nGREENBOOT_MAX_BOOT_ATTEMPTS=5', 1],
    ['f() {\n GREENBOOT_MAX_BOOT_ATTEMPTS=9\n}\nGREENBOOT_MAX_BOOT_ATTEMPTS=5', 1],
    ['exit 0\nGREENBOOT_MAX_BOOT_ATTEMPTS=5', 1],
    ['if true; then\nGREENBOOT_MAX_BOOT_ATTEMPTS=5', 1],
    ['GREENBOOT_MAX_BOOT_ATTEMPTS=5\nDISABLED_HEALTHCHECKS=("a.sh"', 2],
    ['DISABLED_HEALTHCHECKS=("a.sh"\nGREENBOOT_MAX_BOOT_ATTEMPTS=5', 1],
    ['OTHER="unclosed\nGREENBOOT_MAX_BOOT_ATTEMPTS=5', 1],
    ['GREENBOOT_MAX_BOOT_ATTEMPTS=5\nOTHER=$(nproc)', 2],
    ['GREENBOOT_MAX_BOOT_ATTEMPTS=5\nGREENBOOT_MAX_BOOT_ATTEMPTS=9 true', 2],
  ])('is 5 in spite of what cannot be read in %j, which is said with its line', (text, line) => {
    const { maxBootAttempts, problems } = readSettings(text);
    expect(maxBootAttempts).toBe(5);
    expect(problems).toEqual([{ line, message: expect.any(String) }]);
  });

  it.each(['abc', '-1', '0', '5x', '', '$(nproc)', '(1 2)', '99999999'])('does not count as %j', (value) => {
    const { maxBootAttempts, problems } = readSettings(`GREENBOOT_MAX_BOOT_ATTEMPTS=${value}`);
    expect(maxBootAttempts).toBeNull();
    expect(problems).toHaveLength(1);
  });

  it('is what was meant by a key that nobody reads', () => {
    expect(readSettings('\nGREENBOOT_MAX_BOOTS=5').problems).toEqual([
      { line: 2, message: expect.stringContaining('did you mean GREENBOOT_MAX_BOOT_ATTEMPTS?') },
    ]);
  });
});

it('other keys of other programs are no problem', () => {
  const text = 'MICROSHIFT_WAIT_TIMEOUT_SEC=900\nGREENBOOT_WATCHDOG_CHECK_ENABLED=true\nMINE=x\n';
  expect(readSettings(text)).toMatchObject({ microshiftWaitSeconds: 900, problems: [] });
});

describe('nothing in it is executed:', () => {
  it.each(['A=$(touch /tmp/x)', 'A=`touch /tmp/x`', 'touch /tmp/x', 'A="$(id)"', `A=\${B:-$(id)}`, 'A=$UNSET'])(
    '%s sets nothing, and is named',
    (text) => {
      const { values, problems } = parseConf(text);
      expect([...values]).toEqual([]);
      expect(problems).toHaveLength(1);
    },
  );
});
