import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filePathOf, startedFrom } from '../../src/adapters/boot-loader/firmware.ts';
import { makeNoop } from '../../src/adapters/boot-loader/noop.ts';
import { readStub } from '../../src/adapters/boot-loader/stub.ts';
import { makeSystemdBoot } from '../../src/adapters/boot-loader/systemd-boot.ts';
import { type Locate, makeGrubView } from '../../src/adapters/boot-loader/view.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { countingOf } from '../../src/cli/session.ts';
import { FRAGMENT } from '../helpers/real-grub.ts';

const TREES = join(import.meta.dirname, '../fixtures/grub');
let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-doctor-'));
});
afterEach(() => rm(root, { recursive: true }));

const tree = (name: string) => cp(join(TREES, name), root, { recursive: true });
async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}
const view = (locate: Locate | null = null) => makeGrubView(makeFiles(root), locate);
/** A machine started by EFI, whose /boot is a file system of its own. */
const apart: Locate = async (path) => ({
  type: 'ext4',
  source: '/dev/nothing3',
  inside: path.slice(`${root}/boot`.length),
});
const startOf = async (locate: Locate | null = null) => (await view(locate).fragment()).start;
const leadsOf = async (locate: Locate | null = null) => {
  const start = await startOf(locate);
  return start.kind === 'stubs' ? start.stubs.map(({ leads }) => leads) : start.kind;
};

describe('a stub on the EFI system partition', () => {
  test.each([
    [
      'of bootupd',
      'fedora-coreos/boot/efi/EFI/fedora',
      'set BOOT_UUID="96d15588"\n',
      { search: { by: 'uuid', value: '96d15588' }, directories: ['/grub2', '/boot/grub2'], isWhole: false },
    ],
    [
      'of bootupd, without the id beside it',
      'fedora-coreos/boot/efi/EFI/fedora',
      null,
      { search: { by: 'label', value: 'boot' }, directories: ['/grub2', '/boot/grub2'], isWhole: false },
    ],
    [
      "of Fedora's installer",
      'fedora-iot/boot/efi/EFI/fedora',
      null,
      {
        search: { by: 'uuid', value: '0d5a2b6e-7c4f-4d0e-9a1b-3f2f6a4b8c11' },
        directories: ['/grub2'],
        isWhole: false,
      },
    ],
    ['of an old Fedora', 'fedora-30/boot/efi/EFI/fedora', null, { search: null, directories: [], isWhole: true }],
    [
      'of Debian',
      'debian/boot/efi/EFI/debian',
      null,
      {
        search: { by: 'uuid', value: '5f0c1b52-4b8e-4c2c-8a7e-1f9a6f0f7d10' },
        directories: ['/boot/grub'],
        isWhole: false,
      },
    ],
  ] as const)('%s says where GRUB goes', async (_, place, aside, wanted) => {
    const text = await makeFiles(TREES).readText(`/${place}/grub.cfg`);
    expect(readStub(text ?? '', (name) => (name === 'bootuuid.cfg' ? aside : null))).toEqual(wanted);
  });

  test('that leads into itself is read once, and one of noise leads nowhere', () => {
    const text = 'source $prefix/grub.cfg\n';
    expect(readStub(text, () => text)).toEqual({ search: null, directories: [], isWhole: false });
    expect(readStub('\u0000{{{"', () => null)).toEqual({ search: null, directories: [], isWhole: false });
  });
});

describe('the way from the firmware', () => {
  test.each(['fedora-coreos', 'fedora-iot', 'debian'])(
    'of %s leads to the grub.cfg that is looked at',
    async (name) => {
      await tree(name);
      expect(await leadsOf()).toEqual(['here']);
    },
  );

  test('of an old Fedora ends on the EFI system partition: what /boot has is never read', async () => {
    await tree('fedora-30');
    await put('boot/grub2/grub.cfg', `source $prefix/custom.cfg\nset goodboot_fragment=1\n`);
    expect(await view().fragment()).toMatchObject({
      fragment: 'installed',
      start: { stubs: [{ leads: 'elsewhere' }] },
    });
  });

  test('leads elsewhere when the directory is another one', async () => {
    await tree('fedora-iot');
    await put('boot/efi/EFI/fedora/grub.cfg', 'search --fs-uuid --set=dev 1\nconfigfile ($dev)/grub/grub.cfg\n');
    expect(await leadsOf()).toEqual(['elsewhere']);
  });

  test('is not known when the file system that is searched for is not there', async () => {
    await tree('fedora-iot');
    await put('sys/firmware/efi/x', '');
    expect(await leadsOf(apart)).toEqual(['unknown']);
  });

  test('leads elsewhere when /boot is no file system of its own, and the stub takes it for one', async () => {
    await tree('fedora-iot');
    await put('sys/firmware/efi/x', '');
    const inside: Locate = async (path) => ({ ...(await apart(path)), inside: path.slice(root.length) });
    expect(await leadsOf(inside)).toEqual(['elsewhere']);
  });

  test('is not seen without the EFI system partition', async () => {
    await tree('fedora-coreos');
    await rm(join(root, 'boot/efi'), { recursive: true });
    await put('sys/firmware/efi/x', '');
    expect(await startOf(apart)).toEqual({ kind: 'unseen', why: 'the EFI system partition is not mounted' });
  });

  test('of a BIOS is built in, whatever lies on an EFI system partition', async () => {
    await tree('fedora-30');
    expect(await startOf(apart)).toEqual({ kind: 'bios' });
  });

  test('goes through the directory that the firmware started from, and through no other', async () => {
    await tree('fedora-iot');
    await put('boot/efi/EFI/BOOT/grub.cfg', 'menuentry old { linux /vmlinuz }\n');
    expect(await leadsOf()).toEqual(['elsewhere', 'here']);
    await put(
      'sys/firmware/efi/efivars/BootCurrent-8be4df61-93ca-11d2-aa0d-00e098032b8c',
      Buffer.from([7, 0, 0, 0, 0x1a, 0]),
    );
    await put(
      'sys/firmware/efi/efivars/Boot001A-8be4df61-93ca-11d2-aa0d-00e098032b8c',
      Buffer.concat([Buffer.from([7, 0, 0, 0]), loadOption('Fedora', '\\EFI\\fedora\\shimx64.efi')]),
    );
    expect(await startedFrom(makeFiles(root))).toBe('efi/fedora');
    expect(await leadsOf()).toEqual(['here']);
  });
});

/** A load option as UEFI has it: attributes, length of the path, description, a partition, a file, the end. */
function loadOption(description: string, path: string): Buffer {
  const node = (type: number, subtype: number, data: Buffer) =>
    Buffer.concat([Buffer.from([type, subtype, (data.length + 4) & 0xff, (data.length + 4) >> 8]), data]);
  const nodes = Buffer.concat([
    node(4, 1, Buffer.alloc(38)),
    node(4, 4, Buffer.from(`${path}\0`, 'utf16le')),
    node(0x7f, 0xff, Buffer.alloc(0)),
  ]);
  const head = Buffer.from([1, 0, 0, 0, nodes.length & 0xff, nodes.length >> 8]);
  return Buffer.concat([head, Buffer.from(`${description}\0`, 'utf16le'), nodes]);
}

test('a load option that is cut anywhere gives its file, or none', () => {
  const whole = loadOption('Fedora', '\\EFI\\fedora\\shimx64.efi');
  for (let length = 0; length < whole.length; length += 1) {
    expect([null, '\\EFI\\fedora\\shimx64.efi']).toContain(filePathOf(whole.subarray(0, length)));
  }
  expect(filePathOf(whole)).toBe('\\EFI\\fedora\\shimx64.efi');
});

describe('the fragment', () => {
  test('is read through custom.cfg, and the newest change of all these files is known', async () => {
    await tree('fedora-coreos');
    expect(await view().fragment()).toMatchObject({ directory: '/boot/grub2', fragment: 'absent' });
    await put('boot/grub2/custom.cfg', 'source $prefix/goodboot.cfg\n');
    await cp(FRAGMENT, join(root, 'boot/grub2/goodboot.cfg'));
    const { fragment, changedMs } = await view().fragment();
    expect(fragment).toBe('installed');
    expect(Math.abs(Date.now() - (changedMs ?? 0))).toBeLessThan(60_000);
  });

  test('of a system without grub.cfg has no directory', async () => {
    expect(await view().fragment()).toEqual({
      directory: null,
      fragment: 'absent',
      start: { kind: 'bios' },
      changedMs: null,
    });
  });
});

describe('a password of GRUB', () => {
  const HASH = 'grub.pbkdf2.sha512.10000.AA.BB';
  const entry = (more = '') => `title Lab\nlinux /ostree/lab/vmlinuz\noptions ostree=/ostree/boot.1/lab/1/0\n${more}`;

  test("is none as long as Fedora's script has nothing to set", async () => {
    await tree('fedora-coreos');
    await put('boot/loader/entries/ostree-1.conf', entry('grub_users ""\n'));
    expect(await view().password()).toEqual({ superusers: false, restricted: [], restrictsOthers: false });
  });

  test.each([
    ["for Fedora's script", `GRUB2_PASSWORD=${HASH}\n`],
    ['as Butane writes it', `set superusers="root"\npassword_pbkdf2 root ${HASH}\n`],
  ])('is one in user.cfg, %s; entries that OSTree restricted ask for it', async (_, user) => {
    await tree('fedora-coreos');
    await put('boot/grub2/custom.cfg', '');
    await put('boot/grub2/user.cfg', user);
    await put('boot/loader/entries/ostree-1.conf', entry('grub_users ""\n'));
    await put('boot/loader/entries/ostree-2.conf', entry('grub_users $grub_users\n'));
    await put('ostree/repo/config', '[sysroot]\nbls-append-except-default=grub_users=""\n');
    expect(await view().password()).toEqual({ superusers: true, restricted: ['ostree-1.conf'], restrictsOthers: true });
  });

  test('that is not empty counts, and an empty one does not', async () => {
    await tree('fedora-coreos');
    await put('boot/grub2/user.cfg', 'GRUB2_PASSWORD=\n');
    expect((await view().password()).superusers).toBe(false);
  });

  test('set after the script of Fedora is set all the same', async () => {
    await tree('fedora-coreos');
    await put('boot/grub2/custom.cfg', `set superusers="admin"\npassword_pbkdf2 admin ${HASH}\n`);
    expect(await view().password()).toEqual({ superusers: true, restricted: [], restrictsOthers: false });
  });

  test('is asked for by every entry in grub.cfg itself that is not free for all', async () => {
    await tree('debian');
    await put('boot/grub/custom.cfg', `set superusers="root"\npassword_pbkdf2 root ${HASH}\n`);
    expect(await view().password()).toMatchObject({ superusers: true, restricted: ['"Lab 0 (ostree:1)"'] });
  });

  test('is asked for by no entry of the Boot Loader Specification where grub.cfg does not read them', async () => {
    await tree('debian');
    await put('boot/grub/custom.cfg', `set superusers="root"\npassword_pbkdf2 root ${HASH}\n`);
    await put('boot/loader/entries/ostree-1.conf', entry('grub_users ""\n'));
    await put('ostree/repo/config', '[sysroot]\nbls-append-except-default=grub_users=""\n');
    expect(await view().password()).toMatchObject({ restricted: ['"Lab 0 (ostree:1)"'], restrictsOthers: false });
  });

  describe('keeps a deployment from being fallen back to', () => {
    const [OLD, NEW] = ['a'.repeat(64), 'b'.repeat(64)];
    const asks = async (name: 'grub' | 'systemd-boot' = 'grub') => {
      const files = makeFiles(root);
      const bootLoader = name === 'grub' ? makeNoop('') : makeSystemdBoot(files);
      return countingOf({ files, bootLoader: { ...bootLoader, name } }).needsPassword(OLD);
    };
    beforeEach(async () => {
      await tree('fedora-coreos');
      await put('boot/grub2/user.cfg', `GRUB2_PASSWORD=${HASH}\n`);
      for (const [at, id] of [OLD, NEW].entries()) {
        await mkdir(join(root, `ostree/boot.1/lab/${at}`), { recursive: true });
        await symlink(`../../../deploy/lab/deploy/${id}.0`, join(root, `ostree/boot.1/lab/${at}/0`));
      }
    });
    const menu = async (old: string, others: string) => {
      const text = (at: number, more: string) => `linux /vmlinuz\noptions ostree=/ostree/boot.1/lab/${at}/0\n${more}`;
      await put('boot/loader/entries/ostree-1.conf', text(0, old));
      await put('boot/loader/entries/ostree-2.conf', text(1, others));
    };
    const LOCK = 'grub_users ""\n';

    test('when OSTree writes that into its entry as soon as it is not the newest', async () => {
      await menu('', '');
      expect(await asks()).toBe(false);
      await put('ostree/repo/config', '[sysroot]\nbls-append-except-default=grub_users=""\n');
      expect([await asks(), await asks('systemd-boot')]).toEqual([true, false]);
      await put('boot/grub2/user.cfg', '');
      expect(await asks()).toBe(false);
    });

    test('when its own entry says so, and not when that of another does', async () => {
      await menu(LOCK, '');
      expect(await asks()).toBe(true);
      await menu('', LOCK);
      expect(await asks()).toBe(false);
    });

    test('but not where that cannot be told', async () => {
      await menu(LOCK, '');
      await mkdir(join(root, 'boot/loader/entries/ostree-3.conf'));
      await expect(view().password()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
      expect(await asks()).toBe(false);
    });
  });
});
