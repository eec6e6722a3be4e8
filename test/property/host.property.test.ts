import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastLine, tail } from '../../checks/command/words.ts';
import { mountAt, parseMountinfo } from '../../checks/filesystem/mountinfo.ts';
import { TAINT_NAMES, taintsOf } from '../../checks/kernel/taint.ts';
import { resolveInRoot } from '../../src/adapters/files/in-root.ts';
import { errnoOf, GoodbootError } from '../../src/core/errors.ts';
import { findUser } from '../../src/core/passwd.ts';
import { formatSize, parseSize } from '../../src/core/size.ts';

/** Any text, and any text made of what the parser looks for. */
const textOf = (...parts: readonly string[]) =>
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...parts), { maxLength: 40 }).map((chosen) => chosen.join('')),
  );

/** What a parser answers, or the code with which it refuses; anything else that is thrown fails the property. */
function answerOf<T>(parse: () => T): T | string {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof GoodbootError) return thrown.code;
    throw thrown;
  }
}

describe('mountinfo', () => {
  const name = fc.string({
    unit: fc.constantFrom('/', 'a', ' ', '\t', '\n', '\\', '#', '0', 'ro', ',', '-', '\u20ac'),
  });
  const options = fc.array(fc.constantFrom('rw', 'ro', 'errors=remount-ro', 'noro', 'ro=1', 'seclabel'), {
    minLength: 1,
  });
  const mount = fc.record({
    id: fc.nat(),
    parentId: fc.nat(),
    mountPoint: name,
    type: name,
    source: name,
    own: options,
    ofType: options,
    optional: fc.array(fc.constantFrom('shared:1', 'master:2', 'unbindable')),
  });
  const escaped = (text: string): string =>
    text.replace(/[ \t\n\\#]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`);

  it('is read as the kernel wrote it, read-only exactly when one of the options is "ro"', () => {
    fc.assert(
      fc.property(fc.array(mount, { maxLength: 5 }), (mounts) => {
        const text = mounts.map(({ id, parentId, mountPoint, type, source, own, ofType, optional }) =>
          [
            id,
            parentId,
            '8:1',
            '/',
            escaped(mountPoint),
            own,
            ...optional,
            '-',
            escaped(type),
            escaped(source),
            ofType,
          ].join(' '),
        );
        expect(parseMountinfo(text.map((line) => `${line}\n`).join(''))).toEqual(
          mounts.map(({ own, ofType, optional: _, ...rest }) => ({
            ...rest,
            readOnly: [...own, ...ofType].includes('ro'),
          })),
        );
      }),
    );
  });

  it('of any text is mounts or FILE_UNREADABLE', () => {
    fc.assert(
      fc.property(textOf('20 ', '1 ', '8:1 ', '/ ', 'rw ', '- ', 'ext4 ', '\\', '040', '\n', ''), (text) => {
        const mounts = answerOf(() => parseMountinfo(text));
        if (typeof mounts === 'string') expect(mounts).toBe('FILE_UNREADABLE');
        else mountAt(mounts, '/');
      }),
    );
  });
});

describe('sizes', () => {
  it('of any text are whole bytes or SIZE_INVALID', () => {
    fc.assert(
      fc.property(textOf('1', '.', '5', 'M', 'iB', 'kB', ' ', '-', 'e9', '%', '0'), (text) => {
        const size = answerOf(() => parseSize(text));
        expect(size === 'SIZE_INVALID' || (Number.isSafeInteger(size) && Number(size) >= 0)).toBe(true);
      }),
    );
  });

  it('are shown as sizes that can be read again, never more and hardly less than they are', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        const shown = parseSize(formatSize(bytes));
        expect(shown).toBeLessThanOrEqual(bytes);
        expect(shown).toBeGreaterThanOrEqual(bytes * 0.9);
      }),
    );
  });

  it.each([
    ['0', 0],
    ['512B', 512],
    ['1kB', 1000],
    ['1KiB', 1024],
    ['500MiB', 524_288_000],
    ['1.5 GB', 1_500_000_000],
    ['2TiB', 2_199_023_255_552],
  ])('%s are %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [12 * 2 ** 20 + 2 ** 19, '12 MiB'],
    [1.59 * 2 ** 30, '1.5 GiB'],
  ])('%i bytes are shown as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});

it('a user is found by the whole name, whatever else the file holds', () => {
  const noise = fc.array(textOf('root', ':', 'x', '0', '\r', 'app').filter((line) => !/^app(:|$)|\n/.test(line)));
  fc.assert(
    fc.property(noise, noise, fc.nat(), fc.nat(), (before, after, uid, gid) => {
      const line = `app:x:${uid}:${gid}:App:/home/app:/bin/sh`;
      expect(findUser([...before, line, ...after].join('\n'), 'app')).toEqual({ uid, gid, home: '/home/app' });
      expect(findUser([...before, ...after].join('\n'), 'app')).toBeNull();
    }),
  );
});

it('what a program said is one short printable line, and its tail is an end of it', () => {
  fc.assert(
    fc.property(
      textOf('a', '\n', '\r', '\u001b[31m', '\u0007', '\u20ac', '\u{1f600}', ' '),
      fc.nat(50),
      (text, maxBytes) => {
        const line = lastLine(text);
        if (line !== null) {
          expect(line).toMatch(/^\P{C}+$/u);
          expect([...line].length).toBeLessThanOrEqual(160);
        }
        const end = tail(text.toWellFormed(), maxBytes);
        expect(Buffer.byteLength(end)).toBeLessThanOrEqual(maxBytes);
        expect(text.toWellFormed().endsWith(end)).toBe(true);
      },
    ),
  );
});

it('the names of taint flags tell exactly which bits are set', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const bits = taintsOf(value).map((name) => {
        const known = (TAINT_NAMES as readonly string[]).indexOf(name);
        return BigInt(known >= 0 ? known : name.slice('bit-'.length));
      });
      expect(bits.reduce((sum, bit) => sum + 2n ** bit, 0n)).toBe(value);
    }),
  );
});

it('links below a root never lead out of it, however they point', async () => {
  const part = fc.constantFrom('a', 'b', 'c', 'd', '..', '.', '', 'etc', 'passwd');
  const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
  const target = fc.tuple(fc.constantFrom('', '/'), path).map(([from, rest]) => `${from}${rest}` || '/');
  const links = fc.record({ a: target, b: target, 'd/c': target });
  await fc.assert(
    fc.asyncProperty(links, path, async (wanted, asked) => {
      const directory = await fs.mkdtemp(join(tmpdir(), 'goodboot-root-'));
      try {
        const root = join(directory, 'root');
        await fs.mkdir(join(root, 'd'), { recursive: true });
        for (const [name, to] of Object.entries(wanted)) await fs.symlink(to, join(root, name));
        const place = await resolveInRoot(root, asked, 'follow').catch(errnoOf);
        if (place === 'ELOOP') return;
        expect(`${place}/`.startsWith(`${root}/`)).toBe(true);
        // Nothing is left in it for the kernel to follow.
        const real = await fs.realpath(place!).catch(errnoOf);
        expect(['ENOENT', place]).toContain(real);
      } finally {
        await fs.rm(directory, { recursive: true });
      }
    }),
    { numRuns: 200 },
  );
});
