import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { makeTraces } from '../../src/adapters/traces/traces.ts';
import type { End } from '../../src/core/last-boot.ts';
import type { LedgerEntry } from '../../src/core/ledger.ts';
import { EMPTY_STATE, type NodeState } from '../../src/core/node-state.ts';
import { LEDGER, openLedger } from '../../src/node/ledger.ts';
import { type LookBackDeps, lookBack, noteBoot } from '../../src/node/look-back.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-look-back-'));
  await plant('/proc/stat', 'btime 1800000000\n');
});
afterEach(() => rm(root, { recursive: true }));

async function plant(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

function deps(): LookBackDeps & { readonly journal: ReturnType<typeof fakeJournal> } {
  const files = makeFiles(root);
  const boot = { id: 'b2', kernel: '6.12.0', startedBy: 'boot-loader' } as const;
  return { files, clock: fakeClock(), journal: fakeJournal(), boot, traces: makeTraces(files) };
}

const state: NodeState = {
  ...EMPTY_STATE,
  boots: [{ bootId: 'b1', deployment: 'd1', startedBy: 'boot-loader', timeMs: 1, proven: true, ended: null }],
};
const judged = (bootId: string, verdict: 'good' | 'bad'): LedgerEntry => {
  return { event: 'verdict', bootId, verdict, results: [], actions: [] };
};
const unclean = { clean: false, counter: null };
const about = { deployment: { id: 'd1', version: '43.1' }, bootLoader: 'grub', attempt: 2 };

describe('the end of the boot before is', () => {
  test.each<[name: string, path: string, text: string, end: End]>([
    ['a panic, by a record in the kernel’s store', '/sys/fs/pstore/dmesg-efi-1', '', 'panic'],
    ['a panic, by an archived record', '/var/lib/systemd/pstore/17/dmesg.txt', '', 'panic'],
    ['no panic for a console log', '/sys/fs/pstore/console-ramoops-0', '', 'unclean'],
    ['a reset by the watchdog', '/sys/class/watchdog/watchdog0/bootstatus', '32\n', 'watchdog'],
    ['unclean when the watchdog did nothing', '/sys/class/watchdog/watchdog0/bootstatus', '0\n', 'unclean'],
    ['unclean when its traces cannot be read', '/sys/class/watchdog/watchdog0/bootstatus', 'x\n', 'unclean'],
  ])('%s', async (_name, path, text, ended) => {
    // The archive is as new as this test, and the boot is older.
    await plant('/proc/stat', 'btime 1\n');
    await plant(path, text);
    expect((await lookBack(deps(), state, unclean)).last).toEqual({ bootId: 'b1', ended, verdict: null, unseen: 0 });
  });

  test('unclean when the start of this boot is not known', async () => {
    await plant('/proc/stat', '');
    await plant('/sys/fs/pstore/dmesg-efi-1', '');
    expect((await lookBack(deps(), state, unclean)).last).toMatchObject({ ended: 'unclean' });
  });

  test('not there in the first boot', async () => {
    expect((await lookBack(deps(), EMPTY_STATE, unclean)).last).toBeNull();
  });
});

describe('the verdict of the boot before is', () => {
  test('the newest on it', async () => {
    const ledger = await openLedger(deps().files, deps().clock);
    for (const entry of [judged('b0', 'bad'), judged('b1', 'bad'), judged('b1', 'good')]) await ledger.append(entry);
    expect((await lookBack(deps(), state, unclean)).last).toMatchObject({ verdict: 'good' });
  });

  test('none, though there is one on the boot before that', async () => {
    const ledger = await openLedger(deps().files, deps().clock);
    await ledger.append(judged('b0', 'good'));
    expect((await lookBack(deps(), state, unclean)).last).toMatchObject({ verdict: null });
  });

  test('not known when the ledger cannot be read', async () => {
    await plant(`${LEDGER}/file`, '');
    const back = await lookBack(deps(), state, { ...unclean, clean: true });
    expect(back).toEqual({ last: { bootId: 'b1', ended: 'clean', unseen: 0 }, crashRecords: [], ledger: null });
  });
});

describe('the line of a boot', () => {
  test('tells its attempt, and how the one before ended; the journal tells the latter when it was not clean', async () => {
    const now = deps();
    await noteBoot(now, await lookBack(now, state, unclean), about);
    const last = { bootId: 'b1', ended: 'unclean', verdict: null, unseen: 0 };
    expect(JSON.parse(await readFile(join(root, LEDGER), 'utf8'))).toMatchObject({
      seq: 1,
      event: 'boot',
      bootId: 'b2',
      kernel: '6.12.0',
      ...about,
      last,
    });
    expect((await openLedger(now.files, now.clock)).records).toMatchObject([{ event: 'boot', last }]);
    const reason = 'ended without a shutdown, without a verdict';
    expect(now.journal.events).toEqual([['last-boot-unclean', { GOODBOOT_LAST_BOOT: 'b1', GOODBOOT_REASON: reason }]]);
  });

  test('is all there is of a first boot', async () => {
    const now = deps();
    await noteBoot(now, await lookBack(now, EMPTY_STATE, unclean), { ...about, attempt: null });
    const line = JSON.parse(await readFile(join(root, LEDGER), 'utf8'));
    expect(line).not.toHaveProperty('attempt');
    expect(line).not.toHaveProperty('last');
    expect(now.journal.events).toEqual([]);
  });

  test('that is torn by a cut is mended, and that is said', async () => {
    await plant(LEDGER, '{"v":1,"se');
    const now = deps();
    await noteBoot(now, await lookBack(now, EMPTY_STATE, unclean), about);
    expect(now.journal.events.map(([name]) => name)).toEqual(['ledger-repaired']);
    expect((await openLedger(now.files, now.clock)).damage).toEqual([]);
  });

  test('that cannot be written is said, and changes nothing', async () => {
    await plant('/var/lib/goodboot', '');
    const now = deps();
    await noteBoot(now, await lookBack(now, EMPTY_STATE, unclean), about);
    expect(now.journal.events).toMatchObject([['ledger-unwritable', { GOODBOOT_ERROR_CODE: 'LEDGER_UNWRITABLE' }]]);
  });
});
