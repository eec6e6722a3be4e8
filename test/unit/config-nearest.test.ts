import { expect, test } from 'vitest';
import { nearest } from '../../src/core/nearest.ts';

test.each([
  ['timout', ['type', 'timeout', 'within'], 'timeout'],
  ['Required', ['required', 'wanted'], 'required'],
  ['sshd', ['units', 'network'], null],
  ['x', ['a', 'b'], null],
  ['prot', ['port', 'path'], 'port'],
  ['', ['ab'], null],
  ['within', [], null],
  ['t'.repeat(65), ['t'.repeat(65)], null],
])('the word nearest to %j of %j is %j', (word, candidates, wanted) => {
  expect(nearest(word, candidates)).toBe(wanted);
});
