import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { build, goodbootOn, makeDirectory, onlyCommand } from '../helpers/cli.ts';

beforeAll(build, 60_000);

const COUNTING = 'saved_entry=0\nboot_counter=2\nboot_success=0\n';
const MARKED = 'saved_entry=0\nboot_success=1\n';

/** What is there after the command: its answer, the variables of the block, and the mount before and after. */
interface Marked {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly variables: string;
  readonly before: string;
  readonly after: string;
  readonly ledger: string;
}

/** Runs a command on a machine whose /boot is an ext4 disk that is mounted read-only, in the mount namespace of PID 1. */
async function onReadOnlyBoot(args: readonly string[], prefix = '', env = {}): Promise<Marked> {
  await using machine = await makeDirectory({ 'run/goodboot/config.d/50-test.yaml': onlyCommand(['true']) });
  const how = `
    truncate -s 8M /run/disk; mkfs.ext4 -q /run/disk; mount -o loop,nosuid,noatime /run/disk /boot
    mkdir /boot/grub2; grub-editenv /boot/grub2/grubenv create
    grub-editenv /boot/grub2/grubenv set saved_entry=0 boot_counter=2 boot_success=0
    mount -o remount,ro /boot
    grep ' /boot ' /proc/1/mountinfo >/run/before
    status=0; ${prefix} "$@" || status=$?
    grep ' /boot ' /proc/1/mountinfo >/run/after
    grub-editenv /boot/grub2/grubenv list >/run/variables
    exit $status`;
  const ran = await goodbootOn(machine, args, { how, env });
  const read = (path: string) => readFile(join(machine.path, path), 'utf8').catch(() => '');
  return {
    ...ran,
    variables: await read('run/variables'),
    before: await read('run/before'),
    after: await read('run/after'),
    ledger: await read('var/lib/goodboot/ledger.jsonl'),
  };
}

describe('a /boot that is mounted read-only', () => {
  test.each([
    ['mark good', ['mark', 'good'], MARKED, /^this boot is marked good\n/],
    ['mark bad, which is so already,', ['mark', 'bad'], COUNTING, /^this boot was marked bad before/],
    ['verdict', ['verdict'], MARKED, /^action +mark-good: this boot is marked good/m],
  ])('is no concern of a person who runs %s', async (_, args, variables, told) => {
    const marked = await onReadOnlyBoot(args);
    expect(marked).toMatchObject({ exitCode: 0, variables });
    expect(marked.stdout).toMatch(told);
    expect(marked.stdout.match(/marked/g)).toHaveLength(2);
    expect(marked.before).toMatch(/ ro,/);
    expect(marked.after).toBe(marked.before);
  });

  test('is marked once, and remembered once', async () => {
    const { ledger } = await onReadOnlyBoot(['mark', 'good']);
    expect(
      ledger
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ event: 'mark', mark: 'good' }]);
  });

  test.each([
    ['no mount namespace may be made', 'setpriv --bounding-set -sys_admin', {}, /unshare.*not permitted/],
    ['the second run has no mount namespace of its own either', '', { GOODBOOT_OWN_MOUNTS: 'yes' }, /whole machine/],
  ])('is left as it is, with the reason, where %s', async (_, prefix, env, reason) => {
    const marked = await onReadOnlyBoot(['mark', 'good'], prefix, env);
    expect(marked).toMatchObject({ exitCode: 74, stdout: '', variables: COUNTING, ledger: '' });
    expect(marked.stderr).toMatch(/^goodboot: .* \[GRUBENV_UNWRITABLE\]\nhint: .+\n$/);
    expect(marked.stderr).toMatch(reason);
    expect(marked.after).toBe(marked.before);
  });
});
