import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EMPTY_STATE, stateText } from '../../src/core/node-state.ts';
import type { Trial } from '../../src/core/trial.ts';
import { run } from '../lab/run.ts';

const DEADMAN = resolve(import.meta.dirname, '../../dist/libexec/deadman');
const [OLD, NEW] = ['a'.repeat(64), 'b'.repeat(64)];
const trial: Trial = {
  deployment: NEW,
  from: OLD,
  attempts: 3,
  counted: 3,
  phase: 'armed',
  baselineFailures: ['trial', '"trial": null'],
  trialFailures: [],
};
const denied = [{ deployment: OLD, since: '', why: '"trial": {\n"deployment": "' }];
const ON_TRIAL = stateText({ ...EMPTY_STATE, trial, denied });
const SETTLED = stateText({ ...EMPTY_STATE, denied });

const grubenv = (variables: string) => `# GRUB Environment Block\n${variables}`.padEnd(1024, '#');
const COUNTING = grubenv('saved_entry=0\nboot_counter=2\ngoodboot_counter=2\nboot_success=0\n');
const FOREIGN = grubenv('boot_counter=2\nboot_success=0\n');
const mounted = (from: string, onto: string, source = '/dev/vda4') =>
  `22 1 0:4 / /proc rw - proc proc rw\n30 1 8:4 ${from} ${onto} rw,relatime shared:1 - xfs ${source} rw\n31 30 8:3 / /boot ro - ext4 /dev/vda3 ro\n`;
const deployed = (id: string, more = '') => mounted(`/ostree/deploy/lab/deploy/${id}.0${more}`, more || '/');
const efi = (name: string) => `sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`;

const [STATE, BLOCK, MOUNTS] = ['var/lib/goodboot/state.json', 'boot/grub2/grubenv', 'proc/self/mountinfo'];
const TRIAL_BOOT = { [STATE]: ON_TRIAL, [BLOCK]: COUNTING, [MOUNTS]: deployed(NEW), 'proc/cmdline': 'quiet' };

type Files = Readonly<Record<string, string | null>>;
type Row = readonly [name: string, files: Files, reboots: boolean];

const ROWS: readonly Row[] = [
  ['the deployment on trial runs', {}, true],
  ['it is the last attempt', { [BLOCK]: grubenv('boot_counter=0\nboot_success=0\n') }, true],
  ['Debian keeps its block elsewhere', { [BLOCK]: null, 'boot/grub/grubenv': COUNTING }, true],
  ['the block ends without a newline', { [BLOCK]: 'boot_counter=1' }, true],
  ['this boot was judged', { 'run/goodboot/verdict.json': '{}' }, false],
  ['no trial is open, and somebody else counts', { [STATE]: SETTLED }, false],
  ['a person chose the old entry', { [MOUNTS]: deployed(OLD) }, false],
  ['the fallback runs', { [MOUNTS]: deployed(OLD), [BLOCK]: grubenv('boot_counter=-1\n') }, false],
  ['the fallback entry was the one on trial', { [BLOCK]: grubenv('boot_counter=-1\nboot_success=0\n') }, false],
  ['it was marked by hand', { [BLOCK]: grubenv('boot_counter=2\nboot_success=1\n') }, false],
  ['nothing is counted', { [BLOCK]: grubenv('saved_entry=0\n') }, false],
  ['the counter is no number', { [BLOCK]: grubenv('boot_counter=2x\n') }, false],
  ['the counter is empty', { [BLOCK]: grubenv('boot_counter=\n') }, false],
  // Without /var.
  ['/var is not there', { [STATE]: null }, true],
  ['what is remembered is damaged', { [STATE]: '\0{"v":' }, true],
  ['/var is not there, on a fallback', { [STATE]: null, [BLOCK]: grubenv('boot_counter=-1\n') }, false],
  ['/var is not there, and nothing is counted', { [STATE]: null, [BLOCK]: grubenv('\n') }, false],
  ['/var is not there, and another tool set the counter', { [STATE]: null, [BLOCK]: FOREIGN }, false],
  ['on trial, and the copy of the counter is gone', { [BLOCK]: FOREIGN }, true],
  ['neither /var nor /boot is there', { [STATE]: null, [BLOCK]: null }, false],
  // Without /boot.
  ['/boot is not there', { [BLOCK]: null }, true],
  ['/boot is not there, and another entry runs', { [BLOCK]: null, [MOUNTS]: deployed(OLD) }, false],
  // What runs.
  ['/ is a composefs image, and /etc tells', { [MOUNTS]: deployed(NEW, '/etc') }, true],
  ['the same, of the old entry', { [MOUNTS]: deployed(OLD, '/etc') }, false],
  ['bootc mounted a composefs image', { [MOUNTS]: mounted('/', '/', `composefs:${NEW}`) }, true],
  ['a transient one', { [MOUNTS]: mounted('/', '/', `transient:composefs=${NEW}`) }, true],
  ['bootc mounted the old image', { [MOUNTS]: mounted('/', '/', `composefs:${OLD}`) }, false],
  ['it cannot be told what runs, and it is counted', { [MOUNTS]: mounted('/', '/') }, true],
  ['it cannot be told what runs, nor whether it counts', { [MOUNTS]: mounted('/', '/'), [BLOCK]: null }, false],
  ['the kernel says nothing', { [MOUNTS]: '', 'proc/cmdline': '', [BLOCK]: null }, false],
  // systemd-boot.
  [
    'systemd-boot counts it',
    { [BLOCK]: null, [efi('LoaderEntrySelected')]: '', [efi('LoaderBootCountPath')]: '' },
    true,
  ],
  [
    'systemd-boot counts it, and /var is not there: it would start a used-up entry again and again',
    { [STATE]: null, [BLOCK]: null, [efi('LoaderEntrySelected')]: '', [efi('LoaderBootCountPath')]: '' },
    false,
  ],
  [
    'systemd-boot counts it, and has another entry',
    {
      [BLOCK]: null,
      [efi('LoaderBootCountPath')]: '',
      'efi/loader/entries/a+0-3.conf': '',
      'boot/EFI/Linux/b.efi': '',
    },
    true,
  ],
  [
    'systemd-boot counts it, and every entry is used up: it would start this one again and again',
    {
      [BLOCK]: null,
      [efi('LoaderBootCountPath')]: '',
      'efi/loader/entries/a+0-3.conf': '',
      'boot/EFI/Linux/b+0.efi': '',
    },
    false,
  ],
  ['systemd-boot does not count it', { [BLOCK]: null, [efi('LoaderEntrySelected')]: '' }, false],
  // The verdict is being made.
  ['it is being judged', { 'run/goodboot/judging': '', 'is-active': 'activating' }, false],
  ['the verdict died', { 'run/goodboot/judging': '', 'is-active': 'failed' }, true],
];

let root = '';
afterEach(() => rm(root, { recursive: true, force: true }));

/** A systemctl that notes what it is asked; the root has no other program in its PATH. */
const SYSTEMCTL = `#!/bin/sh
echo "$@" >>"$0.log"
case $1 in show) while read -r line || [ -n "$line" ]; do echo "$line"; done <"\${0%/*}/../is-active" ;; esac
test "$1" != reboot || test ! -e "\${0%/*}/../deaf"
`;

async function deadman(shell: readonly string[], files: Files) {
  root = await mkdtemp(join(tmpdir(), 'goodboot-deadman-'));
  for (const [path, content] of Object.entries({ ...TRIAL_BOOT, 'bin/systemctl': SYSTEMCTL, ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (content !== null) await writeFile(join(root, path), content);
  }
  await chmod(join(root, 'bin/systemctl'), 0o755);
  const ran = await run(['env', '-i', `PATH=${root}/bin`, ...shell, DEADMAN, root]);
  const asked = await run(['cat', join(root, 'bin/systemctl.log')]);
  return { ...ran, asked: asked.stdout.split('\n').filter((line) => line.includes('reboot')) };
}

describe.each([
  ['dash', ['/bin/dash']],
  ['bash', ['/bin/bash', '-p']],
  ['bash as sh', ['/bin/bash', '--posix']],
])('the dead-man in %s', (_shell, argv) => {
  test.each(ROWS)('%s', async (_name, files, reboots) => {
    const { exitCode, stdout, stderr, asked } = await deadman(argv, files);
    expect({ exitCode, stdout, asked }).toEqual({ exitCode: 0, stdout: '', asked: reboots ? ['reboot'] : [] });
    if (reboots) expect(stderr).toMatch(/^<3>nobody judged this boot, and .*: the node reboots\n$/);
    else expect(stderr).toMatch(/^(<4>nobody judged this boot, and it cannot be told .*\n)?$/);
  });

  test('asks harder when systemd does not take the request', async () => {
    expect((await deadman(argv, { deaf: '' })).asked).toEqual(['reboot', '--force reboot']);
  });

  test.each([
    [NEW, ['reboot']],
    [OLD, []],
  ])('goes by the link of the kernel command line where no mount tells: %s', async (id, asked) => {
    const link = { [MOUNTS]: mounted('/', '/'), 'proc/cmdline': 'root=x ostree=/ostree/boot.1/lab/0 quiet' };
    await deadman(argv, { ...link, [BLOCK]: null, 'ostree/boot.1/lab/x': '' });
    const target = join(root, `ostree/deploy/lab/deploy/${id}.0`);
    await mkdir(target, { recursive: true });
    await symlink(target, join(root, 'ostree/boot.1/lab/0'));
    await run(['env', '-i', `PATH=${root}/bin`, ...argv, DEADMAN, root]);
    const log = await run(['cat', join(root, 'bin/systemctl.log')]);
    expect(log.stdout.split('\n').filter((line) => line.includes('reboot'))).toEqual(asked);
  });
});

test('the shell that runs it knows what goodboot writes: one key on each line, the trial before the rest', () => {
  expect(ON_TRIAL).toMatch(/^\{\n "v": 1,\n "trial": \{\n {2}"deployment": "b{64}",\n/);
});
