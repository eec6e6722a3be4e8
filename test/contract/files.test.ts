import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { Files } from '../../src/ports/files.ts';

let directory: string;
let mounted: string[];

beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'goodboot-files-'));
  mounted = [];
});

afterEach(async () => {
  for (const path of mounted) execFileSync('umount', [path]);
  await fs.rm(directory, { recursive: true });
});

/** Needs root: a small file system of its own below the directory of the test. */
async function mount(type: string, name: string, options: string): Promise<string> {
  const path = join(directory, name);
  await fs.mkdir(path);
  execFileSync('mount', ['-t', type, '-o', options, 'none', path]);
  mounted.push(path);
  return path;
}

describe.each(['/', 'another root'])('files below %s', (root) => {
  let files: Files;
  /** The path that the port is given for a path in the directory of the test. */
  const path = (name: string): string => (root === '/' ? join(directory, name) : `/${name}`);

  beforeEach(() => {
    files = makeFiles(root === '/' ? '/' : directory);
  });

  it('are where resolve says, and `..` never leads above the root', () => {
    expect(files.resolve(path('a/b'))).toBe(join(directory, 'a/b'));
    expect(files.resolve('/../../etc')).toBe(root === '/' ? '/etc' : join(directory, 'etc'));
  });

  it('that do not exist are null, also below a file', async () => {
    await fs.writeFile(join(directory, 'file'), '');
    for (const name of ['none', 'none/below', 'file/below']) {
      expect(await files.readText(path(name))).toBeNull();
      expect(await files.readBytes(path(name), 10)).toBeNull();
      expect(await files.list(path(name))).toBeNull();
      expect(await files.info(path(name))).toBeNull();
      expect(await files.space(path(name))).toBeNull();
      expect(await files.readLink(path(name))).toBeNull();
    }
  });

  it('that cannot be read are an error with the path and the errno', async () => {
    const error = { code: 'FILE_UNREADABLE', message: `${path('')}: EISDIR` };
    await expect(files.readText(path(''))).rejects.toMatchObject(error);
    await expect(files.readBytes(path(''), 10)).rejects.toMatchObject(error);
    await fs.writeFile(join(directory, 'file'), '');
    await fs.symlink('loop', join(directory, 'loop'));
    await expect(files.readText(path('loop'))).rejects.toMatchObject({ message: `${path('loop')}: ELOOP` });
  });

  it('that are a pipe without a writer do not block the reader', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    expect(await files.readText(path('pipe'))).toBe('');
  });

  it.each([
    { size: 0, kept: 0 },
    { size: 9, kept: 9 },
    { size: 10, kept: 10 },
    { size: 11, kept: 11 },
    { size: 5000, kept: 11 },
  ])('of $size bytes are read to $kept bytes where 10 are wanted', async ({ size, kept }) => {
    await fs.writeFile(join(directory, 'file'), 'x'.repeat(size));
    expect((await files.readBytes(path('file'), 10))?.toString()).toBe('x'.repeat(kept));
  });

  it('are read from the wanted byte on', async () => {
    await fs.writeFile(join(directory, 'file'), '0123456789');
    const read = async (maxBytes: number, start: number) =>
      (await files.readBytes(path('file'), maxBytes, start))?.toString();
    expect([await read(2, 5), await read(20, 8), await read(5, 10), await read(5, 99)]).toEqual(['567', '89', '', '']);
  });

  it('are listed by code point', async () => {
    for (const name of ['b', 'a', 'B', '\u{10000}', '\uffee', '10', '9']) await fs.writeFile(join(directory, name), '');
    expect(await files.list(path(''))).toEqual(['10', '9', 'B', 'a', 'b', '\uffee', '\u{10000}']);
  });

  it('have a kind, a size and a time; a link is itself, not its target', async () => {
    await fs.writeFile(join(directory, 'file'), '12345');
    await fs.utimes(join(directory, 'file'), 1_000_000, 1_234_567.5);
    await fs.symlink('file', join(directory, 'link'));
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    expect(await files.info(path('file'))).toEqual({
      kind: 'file',
      sizeBytes: 5,
      mode: 0o644,
      modifiedMs: 1_234_567_500,
    });
    expect(await files.info(path('link'))).toMatchObject({ kind: 'link' });
    expect(await files.info(path(''))).toMatchObject({ kind: 'directory' });
    expect(await files.info(path('pipe'))).toMatchObject({ kind: 'other' });
    expect(await files.readLink(path('link'))).toBe('file');
    expect(await files.readLink(path('file'))).toBeNull();
    expect(await files.info(path('link'), 'follow')).toMatchObject({ kind: 'file', sizeBytes: 5 });
    await fs.symlink('nowhere', join(directory, 'dangling'));
    expect(await files.info(path('dangling'), 'follow')).toBeNull();
    expect(await files.info(path('dangling'))).toMatchObject({ kind: 'link' });
  });

  it('are replaced whole, with exactly the wanted mode, and nothing is left beside them', async () => {
    await files.replace(path('file'), 'old');
    await files.replace(path('file'), 'new', 0o666);
    expect(await files.readText(path('file'))).toBe('new');
    expect((await fs.stat(join(directory, 'file'))).mode & 0o777).toBe(0o666);
    expect(await fs.readdir(directory)).toEqual(['file']);
  });

  it('are replaced by a new file, so that a reader of the old one reads on', async () => {
    await fs.writeFile(join(directory, 'file'), 'old');
    await using reader = await fs.open(join(directory, 'file'));
    await files.replace(path('file'), 'new');
    expect(await reader.readFile('utf8')).toBe('old');
  });

  it('that cannot be replaced stay, and nothing is left beside them', async () => {
    await fs.mkdir(join(directory, 'full/below'), { recursive: true });
    await expect(files.replace(path('full'), 'text')).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `${path('full')}: EISDIR`,
    });
    expect(await fs.readdir(directory)).toEqual(['full']);
  });

  it('are appended to, and made with their directories where needed', async () => {
    await files.append(path('a/b/file'), 'one\n', 0o600);
    await files.append(path('a/b/file'), 'two\n', 0o600);
    expect(await files.readText(path('a/b/file'))).toBe('one\ntwo\n');
    expect((await fs.stat(join(directory, 'a/b/file'))).mode & 0o777).toBe(0o600);
  });

  it('are cut to a size', async () => {
    await fs.writeFile(join(directory, 'file'), 'one\ntw');
    await files.truncate(path('file'), 4);
    expect(await files.readText(path('file'))).toBe('one\n');
    await expect(files.truncate(path('none'), 0)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });

  it('are renamed over what was there', async () => {
    await files.replace(path('from'), 'new');
    await files.replace(path('to'), 'old');
    await files.rename(path('from'), path('to'));
    expect(await fs.readdir(directory)).toEqual(['to']);
    expect(await files.readText(path('to'))).toBe('new');
  });

  it('are linked to, over a link that was there', async () => {
    await files.link('one', path('link'));
    await files.link('two', path('link'));
    expect(await files.readLink(path('link'))).toBe('two');
    expect(await fs.readdir(directory)).toEqual(['link']);
  });

  it('are removed with what is in them, and not being there is success', async () => {
    await files.makeDirectory(path('a/b'));
    await files.replace(path('a/file'), '');
    await files.remove(path('a'));
    await files.remove(path('a'));
    await files.remove(path('none/below'));
    expect(await fs.readdir(directory)).toEqual([]);
  });

  it('are in directories that the umask of a login does not close', async () => {
    const umask = process.umask(0o077);
    try {
      await files.makeDirectory(path('open/below'));
      await files.makeDirectory(path('closed'), 0o700);
    } finally {
      process.umask(umask);
    }
    const modes = ['open', 'open/below', 'closed'].map(async (name) => (await files.info(path(name)))?.mode);
    expect(await Promise.all(modes)).toEqual([0o755, 0o755, 0o700]);
  });

  it('are removed as links, never as what the link leads to', async () => {
    await files.replace(path('file'), 'kept');
    await files.link('file', path('link'));
    await files.remove(path('link'));
    expect(await fs.readdir(directory)).toEqual(['file']);
  });

  it('have the space that df tells', async () => {
    const small = await mount('tmpfs', 'small', 'size=64k,nr_inodes=20');
    await fs.writeFile(join(small, 'file'), 'x'.repeat(8192));
    expect(await files.space(path('small'))).toEqual({
      freeBytes: 57_344,
      totalBytes: 65_536,
      freeInodes: 18,
      totalInodes: 20,
    });
  });

  it('take a probing write, which leaves nothing', async () => {
    await files.probeWrite(path(''));
    expect(await fs.readdir(directory)).toEqual([]);
  });

  it('refuse a probing write on a full or read-only disk, with the errno', async () => {
    const full = await mount('tmpfs', 'full', 'size=64k');
    await fs.writeFile(join(full, 'file'), 'x'.repeat(65_536));
    await mount('tmpfs', 'closed', 'ro');
    await expect(files.probeWrite(path('full'))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `${path('full')}: ENOSPC`,
      cause: { code: 'ENOSPC' },
    });
    await expect(files.probeWrite(path('closed'))).rejects.toMatchObject({ cause: { code: 'EROFS' } });
    await expect(files.probeWrite(path('none'))).rejects.toMatchObject({ cause: { code: 'ENOENT' } });
    expect(await fs.readdir(full)).toEqual(['file']);
  });

  it('are refused on a read-only disk, with the errno of that', async () => {
    await mount('tmpfs', 'closed', 'ro');
    const error = { code: 'FILE_UNWRITABLE', cause: { code: 'EROFS' } };
    await expect(files.append(path('closed/deep/file'), 'x')).rejects.toMatchObject(error);
    await expect(files.replace(path('closed/file'), 'x')).rejects.toMatchObject(error);
    await expect(files.makeDirectory(path('closed/deep/er'))).rejects.toMatchObject(error);
    await files.makeDirectory(path('closed'));
  });

  it('are refused where no directory can be made, and not asked for without an end', async () => {
    await mount('proc', 'proc', 'ro');
    const error = { code: 'FILE_UNWRITABLE', cause: { code: 'ENOENT' } };
    await expect(files.makeDirectory(path('proc/none/deep'))).rejects.toMatchObject(error);
    await expect(files.append(path('proc/none/file'), 'x')).rejects.toMatchObject(error);
  });

  it('keep the old content when the disk is full, with nothing left beside it', async () => {
    const small = await mount('tmpfs', 'small', 'size=64k');
    await files.replace(path('small/file'), 'old');
    await expect(files.replace(path('small/file'), 'x'.repeat(100_000))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      cause: { code: 'ENOSPC' },
    });
    expect(await fs.readdir(small)).toEqual(['file']);
    expect(await files.readText(path('small/file'))).toBe('old');
    await expect(files.append(path('small/file'), 'x'.repeat(100_000))).rejects.toMatchObject({
      cause: { code: 'ENOSPC' },
    });
  });

  it('are probed through a name that is gone at once where files without a name are not possible', async () => {
    // mqueue takes new names, but neither O_TMPFILE nor write(2): the error is of the write, so the file was opened.
    const queues = await mount('mqueue', 'queues', 'rw');
    // The queues of the machine, whoever made them.
    const before = await fs.readdir(queues);
    await expect(files.probeWrite(path('queues'))).rejects.toMatchObject({
      cause: { code: 'EINVAL', syscall: 'write' },
    });
    expect(await fs.readdir(queues)).toEqual(before);
  });
});

describe('links below another root', () => {
  it.each([
    { name: 'absolute', target: '/etc/goodboot' },
    { name: 'upwards', target: '../../../../../../etc/goodboot' },
    { name: 'through another link', target: 'there' },
  ])('stay below it: $name', async ({ target }) => {
    const files = makeFiles(directory);
    await fs.mkdir(join(directory, 'etc'));
    await fs.mkdir(join(directory, 'usr'));
    await fs.symlink('/etc/goodboot', join(directory, 'usr/there'));
    await fs.symlink(target, join(directory, 'usr/link'));
    // The target does not exist yet: opened through the kernel, this would make a file outside.
    await files.append('/usr/link', 'one');
    expect(await fs.readFile(join(directory, 'etc/goodboot'), 'utf8')).toBe('one');
    expect(await files.readText('/usr/link')).toBe('one');
    expect(await files.place('/usr/link')).toBe(join(directory, 'etc/goodboot'));
  });

  it('in the middle of a path stay below it, also for what is made and removed', async () => {
    const files = makeFiles(directory);
    await fs.mkdir(join(directory, 'real'));
    await fs.symlink('/real', join(directory, 'link'));
    await files.replace('/link/file', 'text');
    expect(await fs.readdir(join(directory, 'real'))).toEqual(['file']);
    await files.rename('/link/file', '/link/../real/moved');
    await files.remove('/link/moved');
    expect(await fs.readdir(join(directory, 'real'))).toEqual([]);
  });
});
