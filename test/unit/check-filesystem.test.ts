import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check } from '../../checks/filesystem/check.ts';
import { mountAt, parseMountinfo } from '../../checks/filesystem/mountinfo.ts';
import { type FilesystemOptions, type } from '../../checks/filesystem/options.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { CheckContext } from '../../src/ports/check.ts';

let directory: string;
let mounted: string[];

beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'goodboot-filesystem-'));
  mounted = [];
});

afterEach(async () => {
  for (const path of mounted.reverse()) execFileSync('umount', [path]);
  await fs.rm(directory, { recursive: true });
});

/** Needs root: a small file system of its own. */
async function mount(name: string, options: string): Promise<string> {
  const path = join(directory, name);
  await fs.mkdir(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path]);
  mounted.push(path);
  return path;
}

function run(options: v.InferInput<typeof type.schema>, root = '/') {
  const files = makeFiles(root);
  // The check asks for no other port.
  const use = (async () => files) as unknown as CheckContext<FilesystemOptions>['use'];
  return check.run({ options: v.parse(type.schema, options), use, signal: new AbortController().signal, stableMs: 0 });
}

describe('the filesystem check on real file systems', () => {
  it('passes when what is wanted is mounted, writable and has room, and tells what it saw', async () => {
    const path = await mount('data', 'size=1M,nr_inodes=100');
    const wanted = { type: 'tmpfs', writable: 'probe', free: '512KiB', freeInodes: '50%' } as const;
    expect(
      await run({ mounts: { [path]: wanted }, paths: { [directory]: { writable: true, free: '1B' } } }),
    ).toMatchObject({
      state: 'pass',
      facts: {
        [path]: {
          mounted: true,
          type: 'tmpfs',
          readOnly: false,
          totalBytes: 1_048_576,
          freeBytes: 1_048_576,
          freeInodes: 99,
        },
        [directory]: { freeBytes: expect.any(Number) },
      },
    });
  });

  it.each([
    { wanted: { free: '2MiB' }, reason: 'has 1 MiB free; 2 MiB was wanted' },
    { wanted: { freeInodes: 100 }, reason: 'has 99 inodes free; 100 was wanted' },
    { wanted: { freeInodes: '100%' }, reason: 'has 99 inodes free; 100% was wanted' },
    { wanted: { type: 'ext4' }, reason: 'is of type tmpfs; ext4 was wanted' },
    { wanted: { writable: false }, reason: 'is mounted read-write; read-only was wanted' },
  ])('fails when a mount $reason', async ({ wanted, reason }) => {
    const path = await mount('data', 'size=1M,nr_inodes=100');
    expect(await run({ mounts: { [path]: wanted } })).toMatchObject({ state: 'fail', reason: `${path} ${reason}` });
  });

  it('counts a share of the whole file system', async () => {
    const path = await mount('data', 'size=1M');
    await fs.writeFile(join(path, 'file'), Buffer.alloc(2 ** 19));
    expect(await run({ mounts: { [path]: { free: '50%' } } })).toMatchObject({ state: 'pass' });
    expect(await run({ mounts: { [path]: { free: '51%' } } })).toMatchObject({
      reason: `${path} has 512 KiB free (50%); 51% was wanted`,
    });
  });

  it('does not look at inodes where there is no fixed number of them', async () => {
    const path = await mount('data', 'nr_inodes=0');
    expect(await run({ mounts: { [path]: { freeInodes: 10 } } })).toMatchObject({ state: 'pass' });
  });

  it.each([true, 'probe'] as const)('fails for a read-only mount where writable: %s is wanted', async (writable) => {
    const path = await mount('data', 'ro');
    expect(await run({ mounts: { [path]: { writable } } })).toMatchObject({
      state: 'fail',
      reason: `${path} is mounted read-only`,
    });
  });

  it('passes for a read-only mount where writable: false is wanted', async () => {
    const path = await mount('data', 'ro');
    expect(await run({ mounts: { [path]: { writable: false } } })).toMatchObject({ state: 'pass' });
  });

  it('fails when a disk is mounted read-write but does not take a write', async () => {
    const path = await mount('data', 'size=64k');
    await fs.writeFile(join(path, 'file'), Buffer.alloc(65_536));
    expect(await run({ mounts: { [path]: { writable: true } } })).toMatchObject({ state: 'pass' });
    expect(await run({ mounts: { [path]: { writable: 'probe' } } })).toMatchObject({
      state: 'fail',
      reason: `${path} does not take a write (ENOSPC)`,
    });
  });

  it('judges what is mounted on top', async () => {
    await mount('data', 'ro');
    const path = await mount('data', 'rw');
    expect(await run({ mounts: { [path]: { writable: 'probe' } } })).toMatchObject({ state: 'pass' });
  });

  it('fails for a directory on which nothing is mounted, and for a path that does not exist', async () => {
    expect(await run({ mounts: { [directory]: {} }, paths: { '/no/such/path': {} } })).toMatchObject({
      state: 'fail',
      reason: `${directory} is not mounted, and /no/such/path does not exist`,
    });
  });

  it('cannot tell when the probe itself goes wrong', async () => {
    const file = join(directory, 'file');
    await fs.writeFile(file, '');
    await expect(run({ paths: { [file]: { writable: true } } })).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });

  it('fails for what is known to be wrong, even if something else could not be told', async () => {
    const file = join(directory, 'file');
    await fs.writeFile(file, '');
    expect(await run({ paths: { [file]: { writable: true }, '/no/such/path': {} } })).toMatchObject({
      state: 'fail',
      reason: '/no/such/path does not exist',
    });
  });
});

describe('the mounts that the filesystem check reads', () => {
  const ROOT = '20 1 8:1 / / rw - ext4 /dev/sda1 rw';

  async function plant(path: string, text: string): Promise<void> {
    await fs.mkdir(join(directory, dirname(path)), { recursive: true });
    await fs.writeFile(join(directory, path), text);
  }

  it('are those of PID 1, not its own', async () => {
    await plant('/proc/1/mountinfo', `${ROOT}\n`);
    await plant('/proc/self/mountinfo', '20 1 8:1 / / ro - ext4 /dev/sda1 rw\n');
    expect(await run({ mounts: { '/': { writable: true } } }, directory)).toMatchObject({ state: 'pass' });
  });

  it('are its own when those of PID 1 cannot be read', async () => {
    await fs.mkdir(join(directory, 'proc/1/mountinfo'), { recursive: true });
    await plant('/proc/self/mountinfo', `${ROOT}\n`);
    expect(await run({ mounts: { '/': { writable: true } } }, directory)).toMatchObject({ state: 'pass' });
  });

  it('cannot be told without /proc, or from a damaged line', async () => {
    await expect(run({ mounts: { '/': {} } }, directory)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await plant('/proc/1/mountinfo', `${ROOT}\n21 20 8:2 / /var rw\n`);
    await expect(run({ mounts: { '/': {} } }, directory)).rejects.toThrow('mountinfo: line 2 is not understood');
  });

  it.each([
    { line: ROOT, readOnly: false },
    { line: '20 1 8:1 / / ro,relatime - ext4 /dev/sda1 rw', readOnly: true },
    { line: '20 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 ro,seclabel', readOnly: true },
    { line: '20 1 8:1 / / rw,nosuid shared:1 - ext4 /dev/sda1 rw,errors=remount-ro', readOnly: false },
    { line: '20 1 0:30 / / rw - overlay overlay rw,lowerdir=/ro,upperdir=/a', readOnly: false },
    { line: '20 1 0:30 / / rw - tmpfs  rw', readOnly: false },
  ])('are read-only: $readOnly for $line', ({ line, readOnly }) => {
    expect(parseMountinfo(`${line}\n`)).toMatchObject([{ id: 20, parentId: 1, mountPoint: '/', readOnly }]);
  });

  it.each([
    { name: 'a later one over an earlier one', lines: ['30 20 0:1 / /d rw - a s rw', '31 30 0:2 / /d rw - b s rw'] },
    {
      name: 'an older one when another was put beneath it',
      lines: ['31 30 0:2 / /d rw - b s rw', '30 20 0:1 / /d rw - a s rw'],
    },
    { name: 'the only one, which is its own parent', lines: ['1 1 0:2 / /d rw - b s rw'] },
    {
      name: 'one over the root, which is its own parent',
      lines: ['1 1 0:1 / /d rw - a s rw', '31 1 0:2 / /d rw - b s rw'],
    },
  ])('have one on top: $name', ({ lines }) => {
    expect(mountAt(parseMountinfo(lines.join('\n')), '/d')?.type).toBe('b');
    expect(mountAt(parseMountinfo(lines.join('\n')), '/')).toBeNull();
  });

  it('have their names unescaped', () => {
    const [mount] = parseMountinfo('1 1 0:1 / /a\\040b\\011c\\134040 rw - fuse.x a\\043b rw\n');
    expect(mount).toMatchObject({ mountPoint: '/a b\tc\\040', source: 'a#b' });
  });
});

describe('the options of the filesystem check', () => {
  it.each([
    {},
    { mounts: {}, paths: {} },
    { mounts: { var: {} } },
    { mounts: { '/var/': {} } },
    { mounts: { '/var': { free: '500' } } },
    { mounts: { '/var': { free: '101%' } } },
    { mounts: { '/var': { free: '-1MiB' } } },
    { mounts: { '/var': { freeInodes: -1 } } },
    { mounts: { '/var': { writable: 'yes' } } },
    { mounts: { '/var': { fre: '5%' } } },
    { paths: { '/var': { writable: false } } },
  ])('refuse %j', (options) => {
    expect(v.safeParse(type.schema, options).success).toBe(false);
  });

  it.each(['0', '10B', '500MiB', '1.5 GB', '5%', '0.5%', '100%'])('take %s as free space', (free) => {
    expect(v.safeParse(type.schema, { mounts: { '/': { free } } }).success).toBe(true);
  });
});
