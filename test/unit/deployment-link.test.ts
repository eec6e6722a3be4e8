import { expect, test } from 'vitest';
import { commitOf, linkIn, optionIn } from '../../src/core/deployment-link.ts';
import { parseEntryText } from '../../src/core/menu-entry.ts';

const A = 'a'.repeat(64);
const LINK = '/ostree/boot.1/lab/1/0';

test.each<[line: string, link: string | null]>([
  [`root=/dev/vda4 ostree=${LINK} rw\n`, LINK],
  [`ostree=${LINK} ostree=/other`, LINK],
  [`noostree=${LINK} rw`, null],
  ['ostree=aboot', null],
  ['ostree= rw', null],
  ['', null],
])('the link on the command line %j is %s', (line, link) => {
  expect(linkIn(line)).toBe(link);
  expect(parseEntryText(`linux /vmlinuz\noptions ${line}\n`).ostree).toBe(link);
});

test('of an option the first value counts, and an empty one is none', () => {
  expect([optionIn('a=1 a=2', 'a'), optionIn('a= b', 'a'), optionIn('ab=1', 'a')]).toEqual(['1', null, null]);
});

test('the deployment behind a link', () => {
  expect(commitOf(`../../../deploy/lab/deploy/${A}.0`)).toBe(A);
  expect(commitOf(`../../../deploy/lab/deploy/${A}.12/`)).toBe(A);
  expect(commitOf('../../../deploy/lab/deploy/short.0')).toBeNull();
});
