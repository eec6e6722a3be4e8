import { mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { ask } from '../../src/node/doctor/ask.ts';
import { readMenu } from '../../src/node/doctor/menu.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
let root = '';

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

/** A deployment as ostree lays it out: a tree, a link to it, kernel and initrd, an entry. `prefix`: as with bootprefix. */
async function deploy(n: number, commit: string, prefix = ''): Promise<void> {
  await put(`ostree/deploy/lab/deploy/${commit}.0/usr/lib/os-release`, 'ID=lab\n');
  await mkdir(join(root, 'ostree/boot.1/lab/sum'), { recursive: true });
  await symlink(`../../../deploy/lab/deploy/${commit}.0`, join(root, `ostree/boot.1/lab/sum/${n}`));
  await put(`boot/ostree/lab-${n}/vmlinuz-6.1`, 'kernel');
  await put(`boot/ostree/lab-${n}/initramfs.img`, 'initrd');
  const files = `linux ${prefix}/ostree/lab-${n}/vmlinuz-6.1\ninitrd ${prefix}/ostree/lab-${n}/initramfs.img\n`;
  await put(
    `boot/loader.1/entries/ostree-${n}.conf`,
    `title Lab ${n}\n${files}options ostree=/ostree/boot.1/lab/sum/${n}\n`,
  );
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-menu-'));
  await deploy(1, A);
  await deploy(2, B, '/boot');
  await symlink('loader.1', join(root, 'boot/loader'));
  await symlink('.', join(root, 'boot/boot'));
});
afterEach(() => rm(root, { recursive: true }));

const menu = () => readMenu(makeFiles(root));
const faults = async () => (await menu())?.flatMap(({ faults }) => faults);

describe('the boot menu', () => {
  test('has each deployment with the bytes of its kernel and initrd, whichever way the files are named', async () => {
    expect(await menu()).toEqual([
      { file: 'ostree-1.conf', deployment: A, faults: [], bytes: 12 },
      { file: 'ostree-2.conf', deployment: B, faults: [], bytes: 12 },
    ]);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a kernel that is gone', () => unlink(join(root, 'boot/ostree/lab-2/vmlinuz-6.1')), 'vmlinuz-6.1 is missing'],
    ['an initrd that a power cut emptied', () => put('boot/ostree/lab-2/initramfs.img', ''), 'initramfs.img is empty'],
    ['a link that is gone', () => unlink(join(root, 'ostree/boot.1/lab/sum/2')), '/ostree/boot.1/lab/sum/2 is no link'],
    [
      'a tree that is gone',
      () => rm(join(root, `ostree/deploy/lab/deploy/${B}.0`), { recursive: true }),
      '/ostree/boot.1/lab/sum/2 leads to no tree',
    ],
    [
      'a tree without anything in it',
      () => rm(join(root, `ostree/deploy/lab/deploy/${B}.0/usr/lib`), { recursive: true }),
      '/ostree/boot.1/lab/sum/2/usr is empty',
    ],
    [
      'an entry that names no kernel',
      () => put('boot/loader.1/entries/ostree-2.conf', 'options ostree=/ostree/boot.1/lab/sum/2\n'),
      'it names no kernel',
    ],
  ])('finds %s', async (_, harm, fault) => {
    await harm();
    expect(await faults()).toEqual([fault]);
  });

  test('finds an entry that a power cut emptied', async () => {
    await put('boot/loader.1/entries/ostree-2.conf', '');
    await put('boot/loader.1/entries/image.conf', '\n');
    expect(await faults()).toEqual(Array(2).fill(['it names no kernel', 'it names no deployment']).flat());
  });

  test('leaves out what starts no deployment, and names an image without looking into it', async () => {
    await put('boot/loader.1/entries/memtest.conf', 'title Memory test\nlinux /memtest\n');
    await put('boot/efi/EFI/Linux/lab.efi', 'image');
    expect((await menu())?.slice(2)).toEqual([{ file: 'lab.efi', deployment: null, faults: [], bytes: 5 }]);
  });

  test('that is not there is no empty one', async () => {
    await rm(join(root, 'boot'), { recursive: true });
    expect(await menu()).toBeNull();
  });
});

describe('a question', () => {
  test('that is never answered is given up, with the reason', async () => {
    const forgetful = await ask(() => new Promise<never>(() => undefined), 50);
    expect(forgetful).toEqual({ trouble: 'no answer within 0.05 s' });
  });

  test('whose answer is an error is told as that', async () => {
    expect(await ask(async () => Promise.reject(new Error('EIO')))).toEqual({ trouble: 'EIO' });
    expect(
      await ask(() => {
        throw new Error('at once');
      }),
    ).toEqual({ trouble: 'at once' });
  });
});
