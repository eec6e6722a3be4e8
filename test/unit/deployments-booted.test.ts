import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readBooted } from '../../src/adapters/deployments/booted.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';

const COMMIT = 'c0'.repeat(32);
const OTHER = 'd1'.repeat(32);
const DIGEST = 'e2'.repeat(64);
const LINK = '/ostree/boot.1/fedora/0123/0';
const COMMAND_LINE = `BOOT_IMAGE=/vmlinuz root=UUID=1 ostree=${LINK} quiet\n`;
const deployment = (commit: string) => `/ostree/deploy/fedora/deploy/${commit}.0`;

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-booted-'));
});
afterEach(() => rm(root, { recursive: true }));

/** A machine of these files; `link` is where the link leads that its kernel was booted with. */
async function machine(files: Readonly<Record<string, string>>, link?: string) {
  const all = link === undefined ? Object.entries(files) : [...Object.entries(files), ['/proc/cmdline', COMMAND_LINE]];
  for (const [path, text] of all) {
    await mkdir(dirname(join(root, path!)), { recursive: true });
    await writeFile(join(root, path!), text!);
  }
  if (link !== undefined) {
    await mkdir(dirname(join(root, LINK)), { recursive: true });
    await symlink(link, join(root, LINK));
  }
  return makeFiles(root);
}

const mountInfo = (...mounts: readonly (readonly [origin: string, at: string, source?: string])[]): string =>
  mounts
    .map(([origin, at, source = '/dev/vda4']) => `30 1 8:4 ${origin} ${at} rw shared:1 - xfs ${source} rw\n`)
    .join('');

describe('what is booted is known', () => {
  const mounts = '/proc/self/mountinfo';
  const ostree = { '/run/ostree-booted': '' };
  test.each<[string, Readonly<Record<string, string>>, string | undefined, string | null]>([
    ['from the origin of /', { ...ostree, [mounts]: mountInfo([deployment(COMMIT), '/']) }, undefined, COMMIT],
    [
      'from the origin of /, below a subvolume',
      { ...ostree, [mounts]: mountInfo([`/root${deployment(COMMIT)}`, '/']) },
      undefined,
      COMMIT,
    ],
    [
      'from the origin of /etc, where / is an image',
      { ...ostree, [mounts]: mountInfo(['/', '/', 'composefs'], [`${deployment(COMMIT)}/etc`, '/etc']) },
      undefined,
      COMMIT,
    ],
    [
      'whatever the link of the command line leads to meanwhile',
      { ...ostree, [mounts]: mountInfo([deployment(COMMIT), '/']) },
      `../../../..${deployment(OTHER)}`,
      COMMIT,
    ],
    [
      'from that link, where mounts do not tell',
      { ...ostree, [mounts]: mountInfo(['/', '/', 'composefs'], ['/', '/etc', 'overlay']) },
      `../../../..${deployment(COMMIT)}`,
      COMMIT,
    ],
    [
      'but not from what is mounted elsewhere',
      { ...ostree, [mounts]: mountInfo([deployment(OTHER), '/mnt'], [`${deployment(OTHER)}/etc`, '/mnt/etc']) },
      `../../../..${deployment(COMMIT)}`,
      COMMIT,
    ],
    ['from a composefs image', { [mounts]: mountInfo(['/', '/', `composefs:${DIGEST}`]) }, undefined, DIGEST],
    [
      'from a composefs image below a transient root',
      { [mounts]: mountInfo(['/', '/', `transient:composefs=${COMMIT}`]) },
      undefined,
      COMMIT,
    ],
    ['to be nothing that has deployments', { [mounts]: mountInfo(['/', '/']) }, undefined, null],
    [
      'to be nothing, in a container that sees the command line of its host',
      { [mounts]: mountInfo(['/', '/', 'overlay']) },
      `../../../..${deployment(COMMIT)}`,
      null,
    ],
    ['to be nothing, on a machine without /proc', {}, undefined, null],
  ])('%s', async (_, files, link, id) => {
    expect((await readBooted(await machine(files, link)))?.id ?? null).toBe(id);
  });

  test.each<[string, Readonly<Record<string, string>>, string | undefined, string]>([
    ['the command line names nothing', ostree, undefined, '/proc/cmdline: no link in ostree='],
    ['it names what is no deployment', ostree, '/etc', `${LINK}: not a link to a deployment`],
  ])('or it is an error: %s', async (_, files, link, message) => {
    await expect(readBooted(await machine(files, link))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['OSTREE_VERSION', "ID=fedora\nVERSION_ID=44\nOSTREE_VERSION='44.20260601.3.0'\n", '44.20260601.3.0'],
    ['IMAGE_VERSION', 'VERSION_ID=10\nIMAGE_VERSION=10.1\n', '10.1'],
    ['VERSION_ID', 'VERSION_ID="13"\n', '13'],
    ['nothing, and is its first digits', 'ID=debian\n', COMMIT.slice(0, 12)],
  ])('and its version from os-release: %s', async (_, release, version) => {
    const files = { ...ostree, [mounts]: mountInfo([deployment(COMMIT), '/']), '/usr/lib/os-release': release };
    expect(await readBooted(await machine(files))).toEqual({ id: COMMIT, version });
  });
});
