import { describe, expect, test } from 'vitest';
import { editGrubenv, grubenvVariables, parseGrubenv, serializeGrubenv } from '../../src/core/grubenv.ts';

const block = (text: string): Buffer => Buffer.from(`# GRUB Environment Block\n${text}`.padEnd(1024, '#'), 'latin1');
const variables = (bytes: Buffer) => Object.fromEntries(grubenvVariables(parseGrubenv(bytes)));

describe('a GRUB environment block is read', () => {
  test.each([
    ['an empty block has no variables', '', {}],
    ['variables', 'boot_success=1\nboot_counter=-1\n', { boot_success: '1', boot_counter: '-1' }],
    ['an empty value', 'boot_counter=\n', { boot_counter: '' }],
    ['a value with "=" and "#"', 'kernelopts=root=UUID=1 #x\n', { kernelopts: 'root=UUID=1 #x' }],
    ['a value with an escaped newline and backslash', 'a=x\\\ny\\\\z\n', { a: 'x\ny\\z' }],
    ['UTF-8', 'a=gr\u00c3\u00bcn\n', { a: 'grün' }],
    ['the last of two variables of one name', 'a=1\na=2\n', { a: '2' }],
    ['comments are not variables', '# a=1\n##\nb=2\n', { b: '2' }],
    ['a value that ends in "#" before the padding', 'a=##\n', { a: '##' }],
  ])('%s', (_, text, want) => {
    expect(variables(block(text))).toEqual(want);
  });

  test.each([
    ['another size', Buffer.alloc(1000, '#'), '1000 bytes, 1024 wanted'],
    ['nothing', Buffer.alloc(0), '0 bytes, 1024 wanted'],
    ['another first line', Buffer.alloc(1024, '#'), 'the first line is not "# GRUB Environment Block"'],
    ['zeros after the signature', block('a=1\n\0\0'), 'binary noise at byte 29'],
    ['a carriage return', block('boot_success=1\r\n'), 'binary noise at byte 39'],
    ['a line without "="', block('a=1\nb\n'), 'the line at byte 29 is not NAME=VALUE'],
    ['an empty line', block('a=1\n\nb=2\n'), 'the line at byte 29 is not NAME=VALUE'],
    ['a last line without end', block('a=1\nb=2'), 'the line at byte 29 has no end'],
    ['an end that is escaped', block('a=1\\\n'), 'the line at byte 25 has no end'],
  ])('%s is an error that says so', (_, bytes, message) => {
    expect(() => parseGrubenv(bytes)).toThrow(
      expect.objectContaining({ code: 'GRUBENV_INVALID', message: `grubenv: ${message}` }),
    );
  });
});

describe('a GRUB environment block is changed', () => {
  const edit = (text: string, change: Record<string, string | null>) =>
    serializeGrubenv(editGrubenv(parseGrubenv(block(text)), change));

  test.each([
    ['a new variable comes last', '# c\na=1\n', { b: '2' }, '# c\na=1\nb=2\n'],
    ['a variable keeps its place', 'a=1\n# c\nb=2\n', { a: 'long\n' }, 'a=long\\\n\n# c\nb=2\n'],
    [
      'several change at once',
      'boot_counter=2\nx=y\nboot_success=0\n',
      { boot_counter: null, boot_success: '1' },
      'x=y\nboot_success=1\n',
    ],
    ['removing what is not there changes nothing', 'a=1\n', { b: null }, 'a=1\n'],
    ['no change is byte for byte the same', '#\xff\na=\\x\\\n\xfe\n', {}, '#\xff\na=\\x\\\n\xfe\n'],
    ['of a name that stands twice one is left', 'a=1\nb=2\na=3\n', { a: '4' }, 'a=4\nb=2\n'],
    ['a name that stands twice is removed', 'a=1\nb=2\na=3\n', { a: null }, 'b=2\n'],
    ['a name is not found inside another', 'xa=1\naa=2\n', { a: '3' }, 'xa=1\naa=2\na=3\n'],
  ])('%s', (_, before, change, after) => {
    expect(edit(before, change)).toEqual(block(after));
  });

  test('the last byte can be used, and not one more', () => {
    const room = 1024 - 25 - 'a=\n'.length;
    expect(edit('', { a: 'x'.repeat(room) })).toHaveLength(1024);
    expect(() => edit('', { a: 'x'.repeat(room + 1) })).toThrow(
      expect.objectContaining({ code: 'GRUBENV_FULL', message: 'grubenv: 1025 bytes wanted, there is room for 1024' }),
    );
  });

  test('room is counted after the whole change, so a removal makes place for what is set with it', () => {
    expect(edit(`old=${'x'.repeat(900)}\n`, { new: 'y'.repeat(900), old: null })).toHaveLength(1024);
  });

  test.each(['', 'a b', '#a', 'a=b', 'a\nb', '1a'])('%j is not a name for a variable', (name) => {
    expect(() => edit('', { [name]: '1' })).toThrow(expect.objectContaining({ code: 'GRUBENV_INVALID' }));
  });
});
