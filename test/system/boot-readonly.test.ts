import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '../../src');
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goodboot-boot-'));
  await mkdir(join(directory, 'boot'));
  await mkdir(join(directory, 'other'));
});
afterAll(() => rm(directory, { recursive: true }));

interface Told {
  /** What apply answered, or the error's code, message and hint. */
  readonly changed?: boolean;
  readonly error?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly warnings: readonly string[];
  /** Mounts and their options as the whole machine (PID 1) has them, after each mount(8). */
  readonly during: readonly (readonly string[])[];
}

/** Marks the boot good, as a program of its own. `hold`: keeps a file open for writing, so that nothing can be put back. */
const mark = (hold: boolean): string => `
  import { openSync, readFileSync } from 'node:fs';
  import { makeGrub } from '${SOURCE}/adapters/boot-loader/grub.ts';
  import { parseMountInfo } from '${SOURCE}/adapters/boot-loader/mount.ts';
  import { makeProcesses } from '${SOURCE}/adapters/process/run.ts';
  const real = makeProcesses();
  const told = { warnings: [], during: [] };
  const processes = {
    run: async (argv, options) => {
      const ran = await real.run(argv, options);
      const mounts = parseMountInfo(readFileSync('/proc/1/mountinfo', 'utf8'));
      const here = mounts.filter(({ mountPoint }) => mountPoint.startsWith(process.cwd()));
      told.during.push(here.map(({ mountPoint, options }) => mountPoint + ' ' + options));
      if (${hold}) openSync('boot/held', 'a');
      return ran;
    },
  };
  const grub = makeGrub({ path: 'boot/grubenv', processes, warn: (message) => told.warnings.push(message) });
  try {
    told.changed = await grub.apply({ success: true, counter: null });
  } catch (error) {
    Object.assign(told, { error: error.code, message: error.message, hint: error.hint });
  }
  console.log(JSON.stringify(told));
`;

interface How {
  /** False: the program is in the mount namespace of PID 1. */
  readonly ownNamespace?: boolean;
  /** A file is kept open for writing, so that nothing can be put back. */
  readonly hold?: boolean;
  /** A capability that the program does not have. */
  readonly without?: string;
}

/**
 * Runs in namespaces of its own: PID 1 is this shell, and the program that marks has (or has not) a mount namespace
 * of its own. Gives what the program told, the variables after, and the mounts as they are before and after.
 */
async function markGood(setUp: string, how: How = {}) {
  const { ownNamespace = true, hold = false, without } = how;
  const asUnit = without === undefined ? '' : `setpriv --bounding-set -${without}`;
  const script = `
    cd "$1"
    disk() { rm -f "$1.img"; truncate -s 8M "$1.img"; mkfs.ext4 -q "$1.img"; mount -o "loop,$3" "$1.img" "$2"; }
    env() { grub-editenv "$1" create; grub-editenv "$1" set x=y boot_counter=2 boot_success=0; }
    echo 'grep -E " $PWD/(boot|other|boot/efi) " /proc/self/mountinfo | cut -d " " -f 5-' >mounts
    ${setUp}
    . ./mounts; echo --
    printf %s "$2" >mark.mts
    ${ownNamespace ? 'unshare --mount' : ''} sh -euc '"$@" mark.mts; . ./mounts >inside' sh ${asUnit} "$3"
    echo --; . ./mounts; echo --; grub-editenv boot/grubenv list; echo --; cat inside
  `;
  const argv = ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', 'sh', '-euc', script];
  const { stdout } = await promisify(execFile)('unshare', [...argv, 'sh', directory, mark(hold), process.execPath]);
  const [before, told, after, variables, inside] = stdout.split('--\n');
  // What the program above prints.
  return { before, after, inside, variables, told: JSON.parse(told ?? '') as Told };
}

const MARKED = 'x=y\nboot_success=1\n';
const UNMARKED = 'x=y\nboot_counter=2\nboot_success=0\n';

describe('a boot is marked on a read-only /boot, and the mount is put back as it was', () => {
  test.each([
    [
      'the file system is read-only',
      'disk a boot nosuid,noexec,strictatime; env boot/grubenv; mount -o remount,ro boot',
    ],
    [
      'only the mount is read-only',
      'disk a other nodev,noatime; env other/grubenv; mount --bind other boot; mount -o remount,bind,ro,nodev,noatime boot',
    ],
    [
      'the file system is read-only, the mount is not',
      'disk a boot nosuid; env boot/grubenv; mount -o remount,ro boot; mount -o remount,bind,rw boot',
    ],
    [
      'it is a link into another file system',
      'disk a boot rw; mkdir boot/efi; disk b boot/efi nosuid; env boot/efi/grubenv; ln -s efi/grubenv boot/grubenv; mount -o remount,ro boot/efi',
    ],
  ])('%s', async (_, setUp) => {
    const { told, before, after, inside, variables } = await markGood(setUp);
    expect(told).toMatchObject({ changed: true, warnings: [] });
    expect(variables).toBe(MARKED);
    expect(after).toBe(before);
    expect(inside).toBe(before);
    // For the rest of the machine it was never writable.
    const wholeMachine = before
      ?.trim()
      .split('\n')
      .map((line) => line.split(' ', 2).join(' '));
    expect(told.during.length).toBeGreaterThan(1);
    for (const mounts of told.during) expect(mounts).toEqual(wholeMachine);
  });
});

describe('a boot is not marked, and nothing is changed, where', () => {
  const READ_ONLY = 'disk a boot nosuid; env boot/grubenv; mount -o remount,ro boot';

  test('the whole machine would see the mount become writable', async () => {
    const { told, before, after, variables } = await markGood(READ_ONLY, { ownNamespace: false });
    expect(told).toMatchObject({
      error: 'GRUBENV_UNWRITABLE',
      message: `grubenv boot/grubenv: ${directory}/boot is mounted read-only for the whole machine`,
      hint: expect.stringContaining('unshare --mount goodboot'),
      during: [],
    });
    expect([after, variables]).toEqual([before, UNMARKED]);
  });

  test('PID 1 may not be looked at', async () => {
    const { told, inside, before, variables } = await markGood(READ_ONLY, { without: 'sys_ptrace' });
    expect(told).toMatchObject({
      error: 'GRUBENV_UNWRITABLE',
      message: expect.stringContaining('PID 1 does not show whether it shares this mount'),
      hint: expect.stringContaining('CAP_SYS_PTRACE'),
      during: [],
    });
    expect([inside, variables]).toEqual([before, UNMARKED]);
  });

  test('the disk itself is write-protected', async () => {
    const protect =
      'umount boot; device=$(losetup --find --show --read-only a.img); mount -o ro $device boot; losetup --detach $device';
    const { told, inside, before, variables } = await markGood(`${READ_ONLY}; ${protect}`);
    expect(told).toMatchObject({
      error: 'GRUBENV_UNWRITABLE',
      message: expect.stringMatching(/boot is read-only and cannot be made writable: .*write-protected/),
    });
    expect([inside, variables]).toEqual([before, UNMARKED]);
  });

  test('the file is immutable', async () => {
    const { told, variables } = await markGood('disk a boot rw; env boot/grubenv; chattr +i boot/grubenv');
    expect(told).toMatchObject({ error: 'GRUBENV_UNWRITABLE', hint: expect.stringContaining('chattr -i') });
    expect(variables).toBe(UNMARKED);
  });
});

test('a mount that cannot be put back is a warning: the boot is marked all the same', async () => {
  const { told, variables } = await markGood('disk a boot nosuid; env boot/grubenv; mount -o remount,ro boot', {
    hold: true,
  });
  expect(told).toMatchObject({
    changed: true,
    warnings: [expect.stringMatching(/boot could not be put back as it was: .*busy/)],
  });
  expect(variables).toBe(MARKED);
});

test('a block that is on a read-only file system and says "good" already is left alone', async () => {
  const { told } = await markGood(
    'disk a boot nosuid; env boot/grubenv; grub-editenv boot/grubenv unset boot_counter; grub-editenv boot/grubenv set boot_success=1; mount -o remount,ro boot',
  );
  expect(told).toMatchObject({ changed: false, during: [] });
});
