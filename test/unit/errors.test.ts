import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERRORS, errnoOf, GoodbootError, isErrorCode, messageOf } from '../../src/core/errors.ts';

const REPO = resolve(import.meta.dirname, '../..');
const codes = Object.keys(ERRORS);

/** Codes of earlier releases. They are never given to something else. */
const RETIRED: readonly string[] = [];

/** Words that look like a code, and are none. */
const OTHERS: readonly string[] = ['NO_COLOR'];

/** Every word in quotes or brackets that has the form of a code, in all that can fail. */
const words = globSync(['src/**/*.ts', 'checks/**/*.ts'], { cwd: REPO })
  .filter((file) => file !== 'src/core/errors.ts')
  .flatMap((file) => [...readFileSync(join(REPO, file), 'utf8').matchAll(/['[]([A-Z]+(?:_[A-Z]+)*)['\]]/g)])
  .map(([, word]) => word!);

describe('the table of error codes', () => {
  test.each(Object.entries(ERRORS))('%s has a meaning, a cure and an exit status of sysexits(3)', (code, row) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(row.summary).toMatch(/^\S.*[^.\s]$/);
    expect(row.cure).toMatch(/^\S.*[^.\s]$/);
    expect(row.exit).toBeGreaterThanOrEqual(64);
    expect(row.exit).toBeLessThanOrEqual(78);
  });

  test('has no code that nothing fails with', () => {
    expect(codes.filter((code) => !words.includes(code))).toEqual([]);
  });

  test('has every code that something fails with', () => {
    const families = new Set(codes.map((code) => code.split('_', 1)[0]));
    const used = words.filter(
      (word) => !OTHERS.includes(word) && word.includes('_') && families.has(word.split('_', 1)[0]),
    );
    expect(used.length).toBeGreaterThan(codes.length);
    expect(used.filter((word) => !isErrorCode(word))).toEqual([]);
  });

  test('has no code of an earlier release for something else', () => {
    expect(codes.filter((code) => RETIRED.includes(code))).toEqual([]);
  });
});

describe('an error', () => {
  test('has the cure of its code as hint, unless the thrower knows better', () => {
    expect(new GoodbootError('NEEDS_ROOT', 'x').hint).toBe(ERRORS.NEEDS_ROOT.cure);
    expect(new GoodbootError('NEEDS_ROOT', 'x', { hint: 'y' }).hint).toBe('y');
  });

  const system = Object.assign(new Error("EACCES: permission denied, open '/a'"), { code: 'EACCES' });

  test.each([
    ['its own message', new Error('a'), 'a'],
    ['the messages of its causes behind it', new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a: b: c'],
    ['the message of a system error', new Error('a', { cause: system }), "a: EACCES: permission denied, open '/a'"],
    ['an errno only once', new Error('/b: EACCES', { cause: system }), '/b: EACCES'],
    ['what was thrown, when that is no error', 'a', 'a'],
  ])('is told with %s', (_, thrown, told) => {
    expect(messageOf(thrown)).toBe(told);
  });

  test('of the system has its errno, and no other has one', () => {
    expect([system, new Error('a'), Object.assign(new Error('a'), { code: 'ERR_X' }), 'EIO'].map(errnoOf)).toEqual([
      'EACCES',
      null,
      null,
      null,
    ]);
  });
});
