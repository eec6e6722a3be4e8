import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { newTrial } from '../../src/core/trial.ts';
import { build, type Directory, goodbootOn, jsonOf, makeGrubenv, onlyCommand } from '../helpers/cli.ts';
import { makeOstreeMachine, ON_OSTREE } from '../helpers/ostree-machine.ts';
import { checksumOf } from '../lab/stand-in/layout.ts';

beforeAll(build, 60_000);

const [OLD, NEW] = [checksumOf(1), checksumOf(2)];

const CONFIG = 'run/goodboot/config.d/50-test.yaml';
async function put(machine: Directory, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(machine.path, name)), { recursive: true });
    await writeFile(join(machine.path, name), content);
  }
}
const ask = (machine: Directory, ...args: readonly string[]) => goodbootOn(machine, args, { how: ON_OSTREE });

test('status and trial show tell the counter of the deployment on trial, not of the one that runs', async () => {
  const trial = newTrial({ deployment: NEW, from: OLD, attempts: 3 });
  await using machine = await makeOstreeMachine('2 1*', { v: 1, trial, denied: [], boots: [] });
  const entry = (id: string) => `linux /vmlinuz\noptions composefs=${id}\n`;
  await put(machine, {
    [CONFIG]: `${onlyCommand(['true'])}bootLoader: systemd-boot\n`,
    'boot/loader/entries/ostree-2+2-1.conf': entry(NEW),
    'boot/loader/entries/ostree-1.conf': entry(OLD),
  });
  expect((await ask(machine, 'verdict')).exitCode).toBe(0);
  const next = `the next boot starts ${NEW.slice(0, 12)}; after 2 bad boots the node goes back to ${OLD.slice(0, 12)} by itself`;
  expect(jsonOf(await ask(machine, 'trial', 'show', '--json'))).toMatchObject({
    counter: 2,
    standing: 'by-hand',
    next,
  });
  expect(jsonOf(await ask(machine, 'status', '--json'))).toMatchObject({ bootLoader: { counter: 2 } });
  expect((await ask(machine, 'status')).stdout).toContain(next);
});

test('status tells what the boot loader says also when what the node remembers cannot be read', async () => {
  await using machine = await makeOstreeMachine('2* 1', { v: 2 });
  await put(machine, { [CONFIG]: onlyCommand(['false']) });
  await makeGrubenv(join(machine.path, 'boot/grub2/grubenv'), ['boot_counter=2', 'boot_success=0']);
  expect((await ask(machine, 'verdict')).exitCode).toBe(20);
  expect(jsonOf(await ask(machine, 'status', '--json'))).toMatchObject({ bootLoader: { name: 'grub', counter: 2 } });
});
