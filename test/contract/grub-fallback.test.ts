import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeGrub } from '../../src/adapters/boot-loader/grub.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import { put, putEntry } from '../helpers/boot-entries.ts';
import { roomIn } from '../helpers/grub-model.ts';
import { bootReally } from '../helpers/real-grub.ts';

const run = promisify(execFile);
const [NEW, OLD, DIGEST] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(128)];
let root = '';
let path = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-fallback-'));
  path = join(root, 'grubenv');
  // Without the comment that some versions of grub-editenv put into a new block: it takes room.
  await writeFile(path, '# GRUB Environment Block\n'.padEnd(1024, '#'));
});
afterEach(() => rm(root, { recursive: true }));

const grub = () =>
  makeGrub({ path, files: makeFiles(root), processes: makeProcesses(), warn: (text) => expect.unreachable(text) });
const set = (env: Readonly<Record<string, string>>) =>
  run('grub-editenv', [path, 'set', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]);
const list = async (): Promise<Record<string, string>> => {
  const { stdout } = await run('grub-editenv', [path, 'list']);
  return Object.fromEntries([...stdout.matchAll(/^([^=]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
};
const entry = (name: string, deployment = OLD, base = '') =>
  putEntry(root, `/boot/loader/entries/${name}`, deployment, base);

describe('the entry to fall back to', () => {
  test.each<[name: string, make: () => Promise<unknown>, id: string | undefined]>([
    ['is the one that leads to the deployment', () => entry('ostree-1.conf'), 'ostree-1'],
    ['is found below /sysroot too', () => entry('ostree-1.conf', OLD, '/sysroot'), 'ostree-1'],
    ['has a counter in its name: the id has it too', () => entry('ostree-1+2-1.conf'), 'ostree-1+2-1'],
    [
      'is the first in the menu, of several of one deployment',
      () => Promise.all(['ostree-2.conf', 'ostree-10.conf', 'ostree-1.conf'].map((name) => entry(name))),
      'ostree-10',
    ],
    ['has a name that GRUB would take for a position', () => entry('7d0e.conf'), undefined],
    ['has a name that leads into a submenu', () => entry('a>b.conf'), undefined],
    ['has a name with a blank', () => entry('a b.conf'), undefined],
    ['has a name that GRUB would expand', () => entry('$default.conf'), undefined],
    [
      'has a name that is refused, and another entry has not',
      () => Promise.all(['9.conf', 'ostree-1.conf'].map((name) => entry(name))),
      'ostree-1',
    ],
    ['is no entry', () => entry('ostree-1.conf.bak'), undefined],
    ['is not there', () => entry('ostree-2.conf', NEW), undefined],
    [
      'leads nowhere',
      () => put(root, '/boot/loader/entries/ostree-1.conf', 'options ostree=/ostree/boot.1/os/x/0\n'),
      undefined,
    ],
    ['cannot be read: no directory', () => put(root, '/boot/loader/entries', ''), undefined],
    ['cannot be read: a directory', () => put(root, '/boot/loader/entries/ostree-1.conf/x', ''), undefined],
  ])('%s', async (_name, make, id) => {
    await make();
    await set({ goodboot_fallback: 'stale', boot_counter: '2' });
    expect(await grub().apply({ fallback: OLD })).toBe(true);
    expect(await list()).toEqual({ boot_counter: '2', ...(id === undefined ? {} : { goodboot_fallback: id }) });
  });

  test('is known by the digest of a composefs image as well', async () => {
    await put(root, '/boot/loader/entries/os-1.conf', `title OS\noptions quiet\noptions composefs=?${DIGEST}\n`);
    await put(root, '/boot/loader/entries/os-2.conf', `title OS\noptions composefs=${DIGEST.slice(1)}d\n`);
    await grub().apply({ fallback: DIGEST });
    expect(await list()).toEqual({ goodboot_fallback: 'os-1' });
  });

  test('is written once', async () => {
    await entry('ostree-1.conf');
    expect(await grub().apply({ fallback: OLD })).toBe(true);
    const before = await stat(path, { bigint: true });
    expect(await grub().apply({ fallback: OLD })).toBe(false);
    expect((await stat(path, { bigint: true })).ctimeNs).toBe(before.ctimeNs);
  });

  test.each<[string, Parameters<ReturnType<typeof grub>['apply']>[0], string | undefined]>([
    ['a counter', { counter: 3, success: false }, undefined],
    ['no counter', { counter: null }, undefined],
    ['a counter with another fallback', { counter: -1, fallback: OLD }, 'ostree-1'],
    ['the same counter', { counter: 2 }, undefined],
    ['a mark alone', { success: false }, 'stale'],
  ])('is forgotten in the same write that sets %s', async (_name, change, id) => {
    await entry('ostree-1.conf');
    await set({ boot_counter: '2', goodboot_counter: '2', goodboot_fallback: 'stale' });
    expect(await grub().apply(change)).toBe(true);
    expect((await list())['goodboot_fallback']).toBe(id);
  });
});

describe('the block has room for what GRUB writes while it counts', () => {
  const GRUBS = { boot_counter: '-1', goodboot_counter: '-1', boot_success: '0', goodboot_fragment: '1' };
  const ID = 'x'.repeat(64);
  /** A block with a filler, so that `free` bytes are left when everything else is written. */
  const filler = (others: Readonly<Record<string, string>>, free: number) => ({
    filler: 'x'.repeat(roomIn(others) - 'filler=\n'.length - free),
  });

  test.each([0, 1])('to the byte, with %i to spare', async (free) => {
    await set(filler({ ...GRUBS, goodboot_fallback: ID }, free));
    expect(await grub().attemptsFor(3)).toBe(3);
    await grub().apply({ counter: 3, success: false });
    // GRUB counts down and falls back, every write goes through.
    let env = await list();
    const seen: string[] = [];
    for (let boot = 0; boot < 5; boot += 1) {
      const [after] = await bootReally([{ env, entries: ['ostree-2', 'ostree-1'], read: 1 }]);
      env = Object.fromEntries(after!.env);
      seen.push(`${env['boot_counter']} ${env['goodboot_fragment']} ${after!.booted}`);
    }
    expect(seen).toEqual(['2 1 ostree-2', '1 1 ostree-2', '0 1 ostree-2', '-1 1 ostree-1', '-1 1 ostree-1']);
  });

  test('or nothing is armed, where GRUB would not write any more', async () => {
    await set(filler(GRUBS, -1));
    await expect(grub().attemptsFor(3)).rejects.toMatchObject({ code: 'GRUBENV_FULL' });
    // Why it is refused: GRUB leaves the counter where it is, for ever.
    const env = { ...(await list()), boot_counter: '0', goodboot_counter: '0', boot_success: '0' };
    const [after] = await bootReally([{ env, entries: ['ostree-2', 'ostree-1'], read: 1 }]);
    expect(after!.env.get('boot_counter')).toBe('0');
  });

  test('nor where the way back could not be named', async () => {
    await set(filler({ ...GRUBS, goodboot_fallback: ID }, -1));
    await expect(grub().attemptsFor(3)).rejects.toMatchObject({ code: 'GRUBENV_FULL' });
  });

  test('a name too long for it is left out, and the counting goes on', async () => {
    const id = `ostree-${'1'.repeat(100)}`;
    await entry(`${id}.conf`);
    const counting = { boot_counter: '2', goodboot_counter: '2', boot_success: '0' };
    await set({ ...counting, ...filler({ ...GRUBS, goodboot_fallback: id }, -1) });
    expect(await grub().apply({ fallback: OLD })).toBe(false);
    await set(filler({ ...GRUBS, goodboot_fallback: id }, 0));
    expect(await grub().apply({ fallback: OLD })).toBe(true);
    const [after] = await bootReally([{ env: await list(), entries: ['ostree-2', 'ostree-1'], read: 1 }]);
    expect(Object.fromEntries(after!.env)).toMatchObject({ boot_counter: '1', goodboot_fallback: id });
  });
});
