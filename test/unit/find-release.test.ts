import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../src/adapters/files/digest.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { usualRelease } from '../../src/core/provision/release.ts';
import { findRelease } from '../../src/node/provision/release.ts';

let programs: string;
beforeEach(async () => {
  programs = await mkdtemp(join(tmpdir(), 'goodboot-programs-'));
  for (const name of ['goodboot', 'libatomic.so.1']) await writeFile(join(programs, name), name);
});
afterEach(() => rm(programs, { recursive: true }));

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const OWN = usualRelease('1.2.3', 'x86_64', {
  goodboot: hash('goodboot'),
  'libatomic.so.1': hash('libatomic.so.1'),
});
const found = (arch: 'x86_64' | 'aarch64' = 'x86_64') => {
  const sha256 = (path: string) => digestOf(path, 'sha256');
  return findRelease({ files: makeFiles(), sha256, own: { programs, arch: 'x86_64' }, version: '1.2.3' }, arch, null);
};

test('without a release, it is the programs that run', async () => {
  expect(await found()).toEqual(OWN);
});

const UNKNOWN: readonly (readonly [string, () => Promise<void>, 'x86_64' | 'aarch64', RegExp])[] = [
  ['one of them is missing', () => rm(join(programs, 'libatomic.so.1')), 'x86_64', /is not known/],
  ['they are of another architecture', async () => undefined, 'aarch64', /what nodes of aarch64 would fetch/],
  [
    'release.json is damaged',
    () => writeFile(join(programs, 'release.json'), '{"version"'),
    'x86_64',
    /names no programs/,
  ],
];
test.each(UNKNOWN)('it is not known when %s', async (_what, happen, arch, message) => {
  await happen();
  await expect(found(arch)).rejects.toThrow(message);
});

test('the release beside them says more than they do, and never something that is no name of a file', async () => {
  const about = (file: string) => ({
    version: '1.2.3',
    architectures: {
      x86_64: {
        goodboot: { sha256: hash('a'), gzip: { file } },
        libatomic: { sha256: hash('b'), file: 'libatomic' },
      },
    },
  });
  await writeFile(join(programs, 'release.json'), JSON.stringify(about('a.gz')));
  expect((await found()).programs.goodboot).toEqual({ file: 'a.gz', gzip: true, sha256: hash('a') });
  await writeFile(join(programs, 'release.json'), JSON.stringify(about('../a.gz')));
  await expect(found()).rejects.toThrow(/names no programs/);
});
