import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check } from '../../checks/kernel/check.ts';
import { type KernelOptions, type } from '../../checks/kernel/options.ts';
import { taintsOf } from '../../checks/kernel/taint.ts';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeTraces } from '../../src/adapters/traces/traces.ts';
import type { CheckContext } from '../../src/ports/check.ts';

const BOOT = 1_800_000_000;
const ARCHIVE = '/var/lib/systemd/pstore';

let root: string;

beforeEach(async () => {
  root = await fs.mkdtemp(join(tmpdir(), 'goodboot-kernel-'));
  await plant('/proc/sys/kernel/tainted', '0\n');
  await plant('/proc/stat', `cpu  1 2 3\nintr 5 btime\nbtime ${BOOT}\nprocesses 7\n`);
});

afterEach(() => fs.rm(root, { recursive: true }));

async function plant(path: string, text: string): Promise<void> {
  await fs.mkdir(join(root, dirname(path)), { recursive: true });
  await fs.writeFile(join(root, path), text);
}

/** Sets the time of the last change, in seconds after the boot. */
const changedAt = (path: string, seconds: number) => fs.utimes(join(root, path), BOOT + seconds, BOOT + seconds);

function run(options: v.InferInput<typeof type.schema> = {}, files = makeFiles(root)) {
  // The check asks for no other port.
  const ports = { files, traces: makeTraces(files) };
  const use = (async (name: keyof typeof ports) => ports[name]) as unknown as CheckContext<KernelOptions>['use'];
  return check.run({ options: v.parse(type.schema, options), use, signal: new AbortController().signal, stableMs: 0 });
}

it('the kernel check can look at the machine that it runs on', async () => {
  const outcome = await run({}, makeFiles('/'));
  expect(['pass', 'fail']).toContain(outcome.state);
  expect(outcome).toHaveProperty('facts.taints');
  expect(outcome).toHaveProperty('facts.crashRecords');
});

describe('taint', () => {
  it.each([
    { value: 0, taints: [] },
    { value: 1 + 2 ** 12 + 2 ** 13, taints: ['proprietary-module', 'out-of-tree', 'unsigned-module'] },
    { value: 2 ** 9, taints: ['warning'] },
  ])('$taints is told, and passes', async ({ value, taints }) => {
    await plant('/proc/sys/kernel/tainted', `${value}\n`);
    expect(await run()).toMatchObject({ state: 'pass', facts: { taints } });
  });

  it.each([
    { bit: 4, reason: 'the kernel is tainted (machine-check): the processor reported a machine check' },
    { bit: 5, reason: 'the kernel is tainted (bad-page): a bad page was referenced' },
    { bit: 7, reason: 'the kernel is tainted (died): there was an oops or a BUG' },
    { bit: 14, reason: 'the kernel is tainted (soft-lockup): there was a soft lockup' },
  ])('of bit $bit fails: $reason', async ({ bit, reason }) => {
    await plant('/proc/sys/kernel/tainted', `${2 ** bit + 2 ** 9}\n`);
    expect(await run()).toMatchObject({ state: 'fail', reason });
    expect(await run({ taint: [] })).toMatchObject({ state: 'pass' });
  });

  it('fails for the flags that are wanted to', async () => {
    await plant('/proc/sys/kernel/tainted', '512\n');
    expect(await run({ taint: ['warning'] })).toMatchObject({ state: 'fail' });
  });

  it('has a name for every bit up to 19, also for one that is newer', () => {
    expect(taintsOf(2n ** 20n - 1n)).toHaveLength(20);
    expect(taintsOf(2n ** 19n)).toEqual(['fwctl']);
    expect(taintsOf(2n ** 63n)).toEqual(['bit-63']);
  });

  it.each(['', 'none\n', '-1\n', '1 2\n'])('cannot be told from %j', async (text) => {
    await plant('/proc/sys/kernel/tainted', text);
    await expect(run()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('cannot be told without /proc', async () => {
    await fs.rm(join(root, 'proc/sys'), { recursive: true });
    await expect(run()).rejects.toThrow('/proc/sys/kernel/tainted: does not exist');
  });
});

describe('crash records', () => {
  it('in the store of the kernel fail', async () => {
    await plant('/sys/fs/pstore/dmesg-efi-1', '');
    await plant('/sys/fs/pstore/dmesg-efi-2', '');
    expect(await run()).toMatchObject({
      state: 'fail',
      reason:
        'the kernel left a crash record of the boot before this one: /sys/fs/pstore/dmesg-efi-1, /sys/fs/pstore/dmesg-efi-2',
    });
    expect(await run({ pstore: false })).toMatchObject({ state: 'pass' });
  });

  it('are not the console logs that are kept after every boot', async () => {
    await plant('/sys/fs/pstore/console-ramoops-0', '');
    await plant('/sys/fs/pstore/pmsg-ramoops-0', '');
    await plant(`${ARCHIVE}/1800000000/console-ramoops-0`, '');
    await changedAt(`${ARCHIVE}/1800000000`, 5);
    expect(await run()).toMatchObject({ state: 'pass', facts: { crashRecords: [] } });
  });

  it.each([
    { place: `${ARCHIVE}/1799999000/dmesg.txt`, entry: `${ARCHIVE}/1799999000` },
    { place: `${ARCHIVE}/1799999000/001/dmesg.txt`, entry: `${ARCHIVE}/1799999000` },
    { place: `${ARCHIVE}/dmesg-efi-3`, entry: `${ARCHIVE}/dmesg-efi-3` },
  ])('that were archived to $place since the boot fail', async ({ place, entry }) => {
    await plant(place, '');
    await changedAt(entry, 0);
    expect(await run()).toMatchObject({ state: 'fail', facts: { crashRecords: [entry] } });
    await changedAt(entry, -1);
    expect(await run()).toMatchObject({ state: 'pass' });
  });

  it('cannot be told when their store cannot be read: that is not a pass', async () => {
    // Root may read everything, so a file stands where the directory is.
    const files = makeFiles(root);
    await plant('/sys/fs/pstore/file', '');
    const closed = {
      ...files,
      list: (path: string) => (path === '/sys/fs/pstore' ? files.readText(path).then(() => null) : files.list(path)),
    };
    await expect(run({}, closed)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await plant('/proc/sys/kernel/tainted', '128\n');
    expect(await run({}, closed)).toMatchObject({ state: 'fail' });
  });

  it('cannot be told when the start of this boot is not known', async () => {
    await plant('/proc/stat', 'cpu 1 2 3\n');
    await expect(run()).rejects.toThrow('/proc/stat: has no btime');
  });
});

describe('the watchdog', () => {
  it.each([
    { status: '32\n', resets: ['watchdog0'] },
    { status: '96\n', resets: ['watchdog0'] },
    { status: '0\n', resets: [] },
    { status: '64\n', resets: [] },
  ])('with boot status $status reset the machine: $resets', async ({ status, resets }) => {
    await plant('/sys/devices/wdt/watchdog/watchdog0/bootstatus', status);
    await plant('/sys/class/watchdog/watchdog1/identity', 'software');
    await fs.symlink('../../devices/wdt/watchdog/watchdog0', join(root, 'sys/class/watchdog/watchdog0'));
    const facts = { watchdogs: ['watchdog0', 'watchdog1'], watchdogResets: resets };
    const wanted =
      resets.length === 0
        ? { state: 'pass', facts }
        : { state: 'fail', reason: 'watchdog0 reset the machine before this boot', facts };
    expect(await run()).toMatchObject(wanted);
    expect(await run({ watchdog: false })).toMatchObject({ state: 'pass' });
  });

  it('cannot be told from a status that is not a number', async () => {
    await plant('/sys/class/watchdog/watchdog0/bootstatus', 'x\n');
    await expect(run()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

it('the options of the kernel check refuse a taint that does not exist', () => {
  expect(v.safeParse(type.schema, { taint: ['dead'] }).success).toBe(false);
});
