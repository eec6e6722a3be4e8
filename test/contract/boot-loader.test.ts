import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { detectBootLoader } from '../../src/adapters/boot-loader/detect.ts';
import { forgetGoodboot, makeGrub } from '../../src/adapters/boot-loader/grub.ts';
import { parseMountInfo } from '../../src/adapters/boot-loader/mount.ts';
import { makeNoop } from '../../src/adapters/boot-loader/noop.ts';
import { makeSystemdBoot } from '../../src/adapters/boot-loader/systemd-boot.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import type { BootLoaderState } from '../../src/ports/boot-loader.ts';
import { putEntry, putVariable } from '../helpers/boot-entries.ts';
import { describeBootLoader } from './boot-loader.contract.ts';

const run = promisify(execFile);
const processes = makeProcesses();
let root = '';
let path = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-loader-'));
  path = join(root, 'grubenv');
});
afterAll(() => rm(root, { recursive: true }));

const NEW = 'a'.repeat(64);
const OLD = 'b'.repeat(64);
const grub = () =>
  makeGrub({ path, files: makeFiles(root), processes, warn: (message) => expect.unreachable(message) });
const set = async (...variables: string[]): Promise<void> => {
  await run('grub-editenv', [path, 'create']);
  if (variables.length > 0) await run('grub-editenv', [path, 'set', ...variables]);
};
const list = async () => {
  const { stdout } = await run('grub-editenv', [path, 'list']);
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('=', 2)),
  );
};

describeBootLoader({
  name: 'grub',
  deployments: [NEW, OLD],
  make: async ({ counter, success }: BootLoaderState) => {
    await putEntry(root, '/boot/loader/entries/ostree-2.conf', NEW);
    await putEntry(root, '/boot/loader/entries/ostree-1.conf', OLD);
    const values = [
      counter === null ? '' : `boot_counter=${counter}`,
      success === null ? '' : `boot_success=${success ? 1 : 0}`,
    ];
    await set(...values.filter(Boolean));
    return grub();
  },
  seen: list,
});
describeBootLoader({
  name: 'systemd-boot',
  deployments: [NEW, OLD],
  make: async () => {
    const esp = await mkdtemp(join(root, 'esp-'));
    await putEntry(esp, '/efi/loader/entries/os-new+3.conf', NEW);
    await putEntry(esp, '/efi/loader/entries/os-old.conf', OLD);
    return makeSystemdBoot(makeFiles(esp));
  },
  seen: null,
});
describeBootLoader({ name: 'noop', deployments: [], make: async () => makeNoop('nothing here'), seen: null });

test.each([
  ['its own counter', ['boot_counter=1', 'goodboot_counter=1'], {}],
  ['not that of another', ['boot_counter=1', 'goodboot_counter=2'], { boot_counter: '1' }],
  ['not that of another, also where it never counted', ['boot_counter=1'], { boot_counter: '1' }],
])('GRUB forgets goodboot: %s', async (_, variables, left) => {
  await set(...variables, 'boot_success=0', 'goodboot_fragment=1', 'other=x');
  await forgetGoodboot({ path, files: makeFiles(root), processes, warn: (message) => expect.unreachable(message) });
  expect(await list()).toEqual({ ...left, boot_success: '0', other: 'x' });
});

test('no boot loader knows nothing of the counter of a trial, unless it is wanted that there is none', async () => {
  await expect(makeNoop('nothing here').read(NEW)).rejects.toMatchObject({ code: 'BOOT_LOADER_UNSUPPORTED' });
  const wanted = await detectBootLoader(makeFiles(root), processes, 'noop');
  expect(await wanted.read(NEW)).toEqual({ counter: null, success: null });
});

describe('a grubenv is written', () => {
  test('into the same file, which keeps its blocks, its size and its other variables', async () => {
    await set('saved_entry=a', 'boot_counter=1', 'x=\\ y');
    // Blocks beyond its end would be lost if the file were cut before it is written.
    await run('fallocate', ['--keep-size', '--length', '64KiB', path]);
    const [before, link] = [await stat(path), join(root, 'link')];
    await symlink('grubenv', link);
    await makeGrub({ path: link, files: makeFiles(root), processes, warn: () => undefined }).apply({
      success: true,
      counter: null,
    });
    expect(await list()).toEqual({ saved_entry: 'a', x: '\\ y', boot_success: '1' });
    expect(await stat(path)).toMatchObject({ ino: before.ino, size: 1024, blocks: before.blocks });
  });

  test('only when something changes', async () => {
    await set('boot_success=1');
    const before = await stat(path, { bigint: true });
    expect(await grub().apply({ success: true, counter: null })).toBe(false);
    expect((await stat(path, { bigint: true })).ctimeNs).toBe(before.ctimeNs);
  });

  test('also when what stands there cannot be understood: a good mark ends the counting', async () => {
    await set('boot_counter=abc', 'boot_success=yes');
    expect(await grub().apply({ success: true, counter: null })).toBe(true);
    expect(await list()).toEqual({ boot_success: '1' });
  });
});

describe('a grubenv that cannot be read is an error, never "no counter"', () => {
  const block = (text: string) => `# GRUB Environment Block\n${text}`.padEnd(1024, '#');
  test.each<[string, () => Promise<unknown>, string, string]>([
    ['it does not exist', () => Promise.resolve(), 'GRUBENV_MISSING', 'does not exist'],
    ['a link leads nowhere', () => symlink('nowhere', path), 'GRUBENV_MISSING', 'does not exist'],
    ['it is a directory', () => mkdir(path), 'GRUBENV_UNREADABLE', 'a regular file was wanted'],
    ['it is a pipe', () => run('mkfifo', [path]), 'GRUBENV_UNREADABLE', 'a regular file was wanted'],
    ['it is short', () => writeFile(path, block('').slice(0, 1000)), 'GRUBENV_INVALID', '1000 bytes, 1024 wanted'],
    ['it is huge', () => run('truncate', ['-s', '1T', path]), 'GRUBENV_INVALID', '1099511627776 bytes, 1024 wanted'],
    [
      'it is noise',
      () => writeFile(path, Buffer.alloc(1024, 7)),
      'GRUBENV_INVALID',
      'the first line is not "# GRUB Environment Block"',
    ],
    [
      'the counter is no number',
      () => set('boot_counter=abc'),
      'GRUBENV_INVALID',
      'boot_counter is "abc", a whole number was wanted',
    ],
    [
      'the counter is too large',
      () => set('boot_counter=12345678901'),
      'GRUBENV_INVALID',
      'boot_counter is "12345678901", a whole number was wanted',
    ],
    [
      'the mark is neither 0 nor 1',
      () => set('boot_success=yes'),
      'GRUBENV_INVALID',
      'boot_success is "yes", 0 or 1 was wanted',
    ],
  ])('%s', async (_, make, code, message) => {
    await rm(path, { force: true, recursive: true });
    await make();
    await expect(grub().read()).rejects.toMatchObject({ code, message: `grubenv ${path}: ${message}` });
  });

  test('an empty value is as good as none, for GRUB too', async () => {
    await rm(path, { force: true, recursive: true });
    await set('boot_counter=', 'boot_success=');
    expect(await grub().read()).toEqual({ counter: null, success: null });
  });
});

describe('the boot loader is found', () => {
  let machine = '';
  beforeEach(async () => {
    machine = await mkdtemp(join(root, 'machine-'));
  });
  const put = async (file: string, content: string | Buffer) => {
    await mkdir(join(machine, file, '..'), { recursive: true });
    await writeFile(join(machine, file), content);
  };
  const variable = (name: string, text: string) => putVariable(machine, name, text);
  const detect = (setting: Parameters<typeof detectBootLoader>[2] = 'auto') =>
    detectBootLoader(makeFiles(machine), processes, setting, () => undefined);

  test.each<[string, readonly string[], string, string]>([
    [
      "GRUB in Fedora's place, before the other",
      ['/boot/grub/grubenv', '/boot/grub2/grubenv'],
      'grub',
      '/boot/grub2/grubenv',
    ],
    ["GRUB in Debian's place", ['/boot/grub/grubenv'], 'grub', '/boot/grub/grubenv'],
    ['GRUB whose block is missing', ['/boot/grub2/grub.cfg'], 'grub', '/boot/grub2/grubenv'],
    [
      'a block, before a configuration without one',
      ['/boot/grub2/grub.cfg', '/boot/grub/grubenv'],
      'grub',
      '/boot/grub/grubenv',
    ],
  ])('%s', async (_, there, name, detail) => {
    for (const file of there) await put(file, '');
    expect(await detect()).toMatchObject({ name, detail: join(machine, detail) });
  });

  test('systemd-boot by what it says of itself', async () => {
    await variable('LoaderInfo', 'systemd-boot 257.13');
    expect(await detect()).toMatchObject({ name: 'systemd-boot', can: { mark: false, countAttempts: true } });
  });

  test('none, with what was looked for', async () => {
    expect(await detect()).toMatchObject({
      name: 'noop',
      detail: 'no grubenv or grub.cfg in /boot/grub2 or /boot/grub, no EFI variable LoaderInfo',
    });
    await variable('LoaderInfo', 'rEFInd 0.14');
    expect((await detect()).detail).toContain('LoaderInfo is "rEFInd 0.14"');
  });

  test('as the configuration says, whatever is there', async () => {
    await put('/boot/grub/grubenv', '');
    expect((await detect('noop')).name).toBe('noop');
    expect((await detect('systemd-boot')).name).toBe('systemd-boot');
    await rm(join(machine, 'boot'), { recursive: true });
    await expect((await detect('grub')).read()).rejects.toMatchObject({ code: 'GRUBENV_MISSING' });
  });

  test('but never through a link that leads out of an image', async () => {
    const outside = join(root, 'outside');
    await writeFile(outside, '');
    await put('/boot/grub2/grub.cfg', '');
    await symlink(outside, join(machine, '/boot/grub2/grubenv'));
    expect(await detect()).toMatchObject({ name: 'noop', detail: expect.stringContaining(`is a link to ${outside}`) });
  });
});

describe('mountinfo', () => {
  test('is split at commas, with both kinds of options and escapes in the path', () => {
    const text = [
      '36 35 98:0 /mnt1 /a\\040b\\134 ro,noatime master:1 - ext3 /dev/root rw,errors=continue',
      '37 35 0:1 / /c rw - tmpfs tmpfs ro',
      'not a line',
      '',
    ].join('\n');
    expect(parseMountInfo(text)).toEqual([
      { id: 36, mountPoint: '/a b\\', options: ['ro', 'noatime'], superOptions: ['rw', 'errors=continue'] },
      { id: 37, mountPoint: '/c', options: ['rw'], superOptions: ['ro'] },
    ]);
  });

  test('of this machine is read whole', async () => {
    const text = await readFile('/proc/self/mountinfo', 'utf8');
    expect(parseMountInfo(text)).toHaveLength(text.trimEnd().split('\n').length);
  });
});
