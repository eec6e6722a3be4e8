import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { deny } from '../../src/core/node-state.ts';
import { loadState, STATE, updateState } from '../../src/node/state.ts';

const PROGRAMS = new URL('../fixtures/programs/', import.meta.url).pathname;
const denial = { deployment: 'd1', since: '', why: 'a test' };

let root: string;
let children: ChildProcess[];
beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'goodboot-state-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await fs.rm(root, { recursive: true });
});

function program(name: string, ...args: readonly string[]): ChildProcess {
  const argv = ['--disable-warning=ExperimentalWarning', join(PROGRAMS, name), ...args];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** A process that holds the lock. */
async function holder(path: string): Promise<ChildProcess> {
  const child = program('hold-lock.ts', path);
  await once(child.stdout!, 'data');
  return child;
}

describe('the state', () => {
  test('loses no change when several processes change it at the same time', async () => {
    const names = ['a', 'b', 'c'];
    const ends = names.map((name) => once(program('change-state.ts', root, name, '60'), 'exit'));
    expect(await Promise.all(ends)).toEqual(names.map(() => [0, null]));
    const { denied } = await loadState(makeFiles(root));
    const wanted = names.flatMap((name) => Array.from({ length: 60 }, (_, n) => `${name}${n}`));
    expect(denied.map(({ deployment }) => deployment).sort()).toEqual(wanted.sort());
  });

  test('is changed once by two changes of one process', async () => {
    const files = makeFiles(root);
    const change = () => updateState(files, (state) => deny(state, denial));
    await Promise.all([change(), change()]);
    expect((await loadState(files)).denied).toEqual([denial]);
  });

  test('is not written, and its lock not waited for, when there is nothing to change', async () => {
    const files = makeFiles(root);
    await updateState(files, (state) => deny(state, denial));
    const before = await fs.stat(join(root, STATE));
    await holder(join(root, '/var/lib/goodboot/state.lock'));
    const { before: was, after } = await updateState(files, (state) => deny(state, denial));
    expect(after).toBe(was);
    expect((await fs.stat(join(root, STATE))).ino).toBe(before.ino);
  });
});

describe('a lock', () => {
  test('that is held for too long is an error with a code, and names the holder', async () => {
    const path = join(root, 'lock');
    const { pid } = await holder(path);
    await expect(makeFiles('/').exclusively(path, 50, async () => 'mine')).rejects.toMatchObject({
      code: 'FILE_LOCKED',
      message: `${path}: held by process ${pid} for more than 0.05 s`,
    });
  });

  test('is free when its holder is killed', async () => {
    const path = join(root, 'lock');
    const child = await holder(path);
    const mine = makeFiles('/').exclusively(path, 20_000, async () => 'mine');
    child.kill('SIGKILL');
    expect(await mine).toBe('mine');
  });

  test('is given back when the work fails, and what it threw is not changed', async () => {
    const path = join(root, 'lock');
    const files = makeFiles('/');
    await expect(files.exclusively(path, 50, () => Promise.reject(new Error('no')))).rejects.toThrow(/^no$/);
    expect(await files.exclusively(path, 50, async () => 'mine')).toBe('mine');
  });

  test('that cannot be taken is an error with the path, and the work is not done', async () => {
    await fs.writeFile(join(root, 'file'), '');
    const work = () => Promise.reject(new Error('not this'));
    await expect(makeFiles(root).exclusively('/file/lock', 50, work)).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
    });
  });
});
