import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEntry } from '../../src/adapters/boot-loader/entries.ts';
import { makeSystemdBoot } from '../../src/adapters/boot-loader/systemd-boot.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { put, putEntry, putLink, putVariable } from '../helpers/boot-entries.ts';

const run = promisify(execFile);
const [NEW, OLD, DIGEST] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(128)];
const ENTRIES = '/efi/loader/entries';
let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-sdboot-'));
});
afterEach(() => rm(root, { recursive: true }));

const loader = () => makeSystemdBoot(makeFiles(root));
const counterOf = async (deployment: string | null) => (await loader().read(deployment)).counter;
const entry = (name: string, deployment = NEW) => putEntry(root, `${ENTRIES}/${name}`, deployment);
/** systemd-boot leaves the name that it gave the entry. */
const bootedOn = (name: string) => putVariable(root, 'LoaderBootCountPath', `\\loader\\entries\\${name}`);

/** A kernel image with a command line inside, as ukify makes it; systemd's stub is another PE file of the same kind. */
async function putImage(file: string, commandLine: string): Promise<void> {
  const [text, object, image] = ['cmdline', 'empty.o', 'image.efi'].map((name) => join(root, name));
  await writeFile(text!, `${commandLine}\n\0`);
  await writeFile(join(root, 'empty'), 'x'.repeat(5000));
  await run('objcopy', ['-I', 'binary', '-O', 'pei-x86-64', '-B', 'i386:x86-64', join(root, 'empty'), object!]);
  await run('objcopy', [
    '--add-section',
    `.linux=${join(root, 'empty')}`,
    '--add-section',
    `.cmdline=${text}`,
    object!,
    image!,
  ]);
  await put(root, file, '');
  await rename(image!, join(root, file));
}

describe('the counter of a deployment on trial', () => {
  test.each<[name: string, files: readonly [string, string][], booted: string | null, counter: number | null]>([
    [
      'is what is left of the entry that was booted',
      [
        ['os-new+2-1.conf', NEW],
        ['os-old.conf', OLD],
      ],
      'os-new+2-1.conf',
      2,
    ],
    [
      'is 0 on the last attempt',
      [
        ['os-new+0-3.conf', NEW],
        ['os-old.conf', OLD],
      ],
      'os-new+0-3.conf',
      0,
    ],
    [
      'is -1 where nothing is left, and something else was booted',
      [
        ['os-new+0-3.conf', NEW],
        ['os-old.conf', OLD],
      ],
      null,
      -1,
    ],
    [
      'is -1 too where the fallback is counted itself',
      [
        ['os-new+0-3.conf', NEW],
        ['os-old+1-1.conf', OLD],
      ],
      'os-old+1-1.conf',
      -1,
    ],
    [
      'stays as it is where a person chose another entry',
      [
        ['os-new+3.conf', NEW],
        ['os-old.conf', OLD],
      ],
      null,
      3,
    ],
    [
      'is not that of another entry which is used up',
      [
        ['os-new+3.conf', NEW],
        ['os-bad+0-3.conf', OLD],
      ],
      null,
      3,
    ],
    [
      'is none where its entry has no counter',
      [
        ['os-new.conf', NEW],
        ['os-bad+0-3.conf', OLD],
      ],
      null,
      null,
    ],
    [
      'is none once it was blessed',
      [
        ['os-new.conf', NEW],
        ['os-old.conf', OLD],
      ],
      'os-new+2-1.conf',
      null,
    ],
    [
      'is 0 where it was marked bad by hand',
      [
        ['os-new+0-1.conf', NEW],
        ['os-old.conf', OLD],
      ],
      'os-new+2-1.conf',
      0,
    ],
    [
      'goes on while one of its entries has attempts left',
      [
        ['a+0-3.conf', NEW],
        ['b+1-2.conf', NEW],
      ],
      null,
      1,
    ],
    [
      'is none before its entry is written',
      [
        ['os-old.conf', OLD],
        ['os-bad+0-3.conf', 'd'.repeat(64)],
      ],
      null,
      null,
    ],
    [
      'is that of this boot where nobody can tell whose entries these are',
      [['os-x+1-2.conf', 'd'.repeat(64)]],
      'os-x+1-2.conf',
      1,
    ],
    [
      'is found whatever the case, as on FAT',
      [
        ['OS-NEW+2-1.CONF', NEW],
        ['os-old.conf', OLD],
      ],
      'os-new+2-1.conf',
      2,
    ],
  ])('%s', async (_name, files, booted, counter) => {
    for (const [file, deployment] of files) await entry(file, deployment);
    if (booted !== null) await bootedOn(booted);
    expect(await counterOf(NEW)).toBe(counter);
  });

  test('is that of systemd-boot, also where a copy without counter lies in /boot', async () => {
    await putEntry(root, '/boot/loader/entries/ostree-2.conf', NEW);
    await entry('os-new+0-3.conf');
    expect(await counterOf(NEW)).toBe(-1);
  });

  test.each(['/efi', '/boot', '/boot/efi'])('is found in %s, in an entry and in a kernel image', async (partition) => {
    await putEntry(root, `${partition}/loader/entries/os+0-3.conf`, OLD);
    await putImage(`${partition}/EFI/Linux/os-2+0-3.efi`, `quiet ostree=${await putLink(root, NEW)} rw`);
    await putImage(`${partition}/EFI/Linux/os-3+4.efi`, `quiet composefs=${DIGEST}`);
    expect([await counterOf(OLD), await counterOf(NEW), await counterOf(DIGEST)]).toEqual([-1, -1, 4]);
  });

  test('is not read from what is no kernel image', async () => {
    await put(root, '/efi/EFI/Linux/a+0-3.efi', `MZ${DIGEST}`);
    await put(root, '/efi/EFI/Linux/b+0-3.efi', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(70, 0xff)]));
    expect(await counterOf(DIGEST)).toBeNull();
  });

  test('is not guessed where no entry can be seen', async () => {
    await expect(counterOf(NEW)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await bootedOn('os-new+2-1.conf');
    expect(await counterOf(NEW)).toBe(2);
  });
});

test('without a trial, the counter is that of the booted entry until it is blessed', async () => {
  expect(await counterOf(null)).toBeNull();
  await bootedOn('os-new+2-1.conf');
  await entry('os-new+2-1.conf');
  expect(await counterOf(null)).toBe(2);
  await rename(join(root, ENTRIES, 'os-new+2-1.conf'), join(root, ENTRIES, 'os-new.conf'));
  expect(await counterOf(null)).toBeNull();
});

describe('a trial is counted', () => {
  test.each<[name: string, make: () => Promise<unknown>, attempts: number]>([
    ['as seen in this boot', () => bootedOn('os-old+2-3.conf'), 5],
    ['as an entry says', () => entry('os-new+4.conf'), 4],
    ['as kernel-install and bootc do it', () => put(root, '/etc/kernel/tries', '2\n'), 2],
    [
      'as ostree does it',
      () => put(root, '/ostree/repo/config', '[core]\nmode=bare\n\n[sysroot]\nboot-counting-tries=5\n'),
      5,
    ],
    [
      'below /sysroot',
      () => put(root, '/sysroot/ostree/repo/config', '[sysroot]\nbootloader=none\nboot-counting-tries = 2\n'),
      2,
    ],
  ])('%s', async (_name, make, attempts) => {
    await entry('os-old.conf', OLD);
    await make();
    expect(await loader().attemptsFor(3)).toBe(attempts);
  });

  test.each<[name: string, make: () => Promise<unknown>, why: RegExp]>([
    ['nothing counts', async () => undefined, /no boot entry has a counter/],
    ['counting is switched off', () => put(root, '/etc/kernel/tries', '0\n'), /no boot entry has a counter/],
    [
      'the key is another section’s',
      () => put(root, '/ostree/repo/config', '[x]\nboot-counting-tries=5\n'),
      /no boot entry/,
    ],
    [
      'a default is set that is not what is booted',
      async () => {
        await put(root, '/etc/kernel/tries', '3');
        await putVariable(root, 'LoaderEntrySelected', 'os-old.conf');
        await put(root, '/efi/loader/loader.conf', 'timeout 0\ndefault os-new*\n');
      },
      /loader\.conf names the default "os-new\*"; that entry is started also when its attempts are used up/,
    ],
    [
      'the last entry that was booted is the default',
      async () => {
        await put(root, '/etc/kernel/tries', '3');
        await putVariable(root, 'LoaderEntrySelected', 'os-old.conf');
        await putVariable(root, 'LoaderEntryDefault', '@saved');
      },
      /LoaderEntryDefault names "@saved"/,
    ],
  ])('or refused: %s', async (_name, make, why) => {
    await entry('os-old.conf', OLD);
    await make();
    await expect(loader().attemptsFor(3)).rejects.toMatchObject({
      code: 'BOOT_LOADER_UNSUPPORTED',
      message: expect.stringMatching(why),
    });
  });

  test('a default pattern that what is booted matches as well is no reason to refuse', async () => {
    await entry('os-old.conf', OLD);
    await put(root, '/etc/kernel/tries', '3');
    await putVariable(root, 'LoaderEntrySelected', 'os-old.conf');
    await put(root, '/efi/loader/loader.conf', '#default x\ndefault OS-*\n');
    expect(await loader().attemptsFor(3)).toBe(3);
  });
});

test('it can fall back with a second entry, and nobody knows where none is seen', async () => {
  expect(await loader().hasFallback()).toBeNull();
  await entry('os-old.conf', OLD);
  expect(await loader().hasFallback()).toBe(false);
  await put(root, '/boot/loader/entries/copy.conf', '');
  expect(await loader().hasFallback()).toBe(false);
  await entry('os-new+3.conf');
  expect(await loader().hasFallback()).toBe(true);
});

describe('attempts in the name of a boot entry', () => {
  test.each<[string, string, { left: number; done: number } | null]>([
    ['/loader/entries/fedora+3.conf', 'fedora.conf', { left: 3, done: 0 }],
    ['/EFI/Linux/fedora+0-3.efi', 'fedora.efi', { left: 0, done: 3 }],
    ['/EFI/Linux/fedora-6.1+git+2-1.efi', 'fedora-6.1+git.efi', { left: 2, done: 1 }],
    ['/EFI/Linux/fedora.efi', 'fedora.efi', null],
    ['/EFI/Linux/fedora+x.efi', 'fedora+x.efi', null],
    ['/EFI/Linux/fedora+3-.efi', 'fedora+3-.efi', null],
    ['/EFI/+3.d/fedora.efi', 'fedora.efi', null],
  ])('%s', (path, name, tries) => {
    expect(parseEntry(path)).toMatchObject({ name, tries });
  });

  test('what is neither an entry nor a kernel image has none', () => {
    expect(['/loader/entries/a.conf.bak', '/loader/entries/.conf~', ''].map(parseEntry)).toEqual([null, null, null]);
  });
});
