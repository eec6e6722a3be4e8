import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { GoodbootError } from '../../src/core/errors.ts';
import { editGrubenv, grubenvVariables, parseGrubenv, serializeGrubenv } from '../../src/core/grubenv.ts';

const directory = mkdtempSync(join(tmpdir(), 'goodboot-grubenv-'));
const file = join(directory, 'grubenv');
afterAll(() => rmSync(directory, { recursive: true }));

/** The real program; it is in Debian's grub-common. */
const grubEditenv = (...args: string[]) =>
  execFileSync('grub-editenv', [file, ...args], { encoding: 'utf8', stdio: 'pipe' });

const NAMES = ['boot_counter', 'boot_success', 'saved_entry', 'kernelopts', 'goodboot_x', 'a', 'aa'];
const name = fc.constantFrom(...NAMES);
const value = fc.string({
  unit: fc.constantFrom('0', '1', '-', ' ', '=', '#', '\\', '\n', '\t', '"', '$', 'x', 'ü', '語', '🥾'),
  maxLength: 30,
});
const change = fc.dictionary(name, fc.option(value, { freq: 3 }), { maxKeys: 5 });

test('after any chain of changes the block is, byte for byte, what grub-editenv leaves', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      grubEditenv('create');
      let ours: Buffer = readFileSync(file);
      for (const each of changes) {
        for (const [key, text] of Object.entries(each)) {
          if (text === null) grubEditenv('unset', key);
          else grubEditenv('set', `${key}=${text}`);
        }
        ours = serializeGrubenv(editGrubenv(parseGrubenv(ours), each));
        expect(ours.toString('latin1')).toBe(readFileSync(file, 'latin1'));
      }
    }),
    { numRuns: 40 },
  );
});

test('grub-editenv lists what was set here, and what it set is read here', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 5 }), (values) => {
      grubEditenv('create');
      const theirs = readFileSync(file);
      writeFileSync(file, serializeGrubenv(editGrubenv(parseGrubenv(theirs), values)));
      const listed = Object.entries(values).map(([key, text]) => `${key}=${text}\n`);
      expect(grubEditenv('list')).toBe(listed.join(''));

      grubEditenv('create');
      if (listed.length > 0) grubEditenv('set', ...Object.entries(values).map(([key, text]) => `${key}=${text}`));
      expect(Object.fromEntries(grubenvVariables(parseGrubenv(readFileSync(file))))).toEqual({ ...values });
    }),
    { numRuns: 60 },
  );
});

test('the block is full here when it is full for grub-editenv', () => {
  fc.assert(
    fc.property(fc.integer({ min: 900, max: 940 }), (length) => {
      grubEditenv('create');
      const before = parseGrubenv(readFileSync(file));
      const outcome = (work: () => unknown) => {
        try {
          work();
          return 'fits';
        } catch {
          return 'full';
        }
      };
      const long = 'x'.repeat(length);
      const ours = outcome(() => serializeGrubenv(editGrubenv(before, { a: long })));
      expect(ours).toBe(outcome(() => grubEditenv('set', `a=${long}`)));
    }),
    { numRuns: 30 },
  );
});

test('any bytes are read, or are an error with the code GRUBENV_INVALID; what is read is written back the same', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc
      .string({ unit: fc.constantFrom('a', '=', '#', '\\', '\n', '\0'), maxLength: 999 })
      .map((text) => Buffer.from(`# GRUB Environment Block\n${text}`.padEnd(1024, '#'), 'latin1')),
  );
  fc.assert(
    fc.property(noise, (bytes) => {
      try {
        expect(serializeGrubenv(parseGrubenv(bytes)).equals(bytes)).toBe(true);
      } catch (error) {
        expect(error instanceof GoodbootError && error.code).toBe('GRUBENV_INVALID');
      }
    }),
    { numRuns: 1000 },
  );
});
