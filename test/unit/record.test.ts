import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { Action } from '../../src/core/decide.ts';
import type { LedgerRecord } from '../../src/core/ledger.ts';
import { errored, fail, pass } from '../../src/core/outcome.ts';
import type { VerdictReport } from '../../src/core/verdict-report.ts';
import { LEDGER } from '../../src/node/ledger.ts';
import { recordVerdict, regressionReboots } from '../../src/node/record.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-record-'));
});
afterEach(() => rm(root, { recursive: true }));

const REBOOT: Action = { kind: 'reboot', why: 'regression' };
const HOLD: Action = { kind: 'hold', why: 'regression' };
const GOOD: Action = { kind: 'mark-good' };

const report = (bootId: string, action: Action): VerdictReport => ({
  apiVersion: 'goodboot/v1',
  kind: 'Verdict',
  bootId,
  time: '2026-11-21T09:45:11.519Z',
  durationMs: 100,
  dryRun: false,
  deployment: { id: 'd1', version: '43.1' },
  bootLoader: { name: 'grub', detail: '/boot/grub2/grubenv', counter: null, success: true },
  verdict: action === GOOD ? 'good' : 'bad',
  standing: 'settled',
  nothingRequired: false,
  checks: [
    { name: 'units', type: 'units', required: true, durationMs: 10, outcome: action === GOOD ? pass() : fail('no') },
  ],
  actions: [{ action, result: 'done', detail: '' }],
  problems: [],
  doctor: null,
});

function deps() {
  const boot = { id: 'b1', kernel: '6.12.0', startedBy: 'boot-loader' } as const;
  return { files: makeFiles(root), clock: fakeClock(), journal: fakeJournal(), boot };
}

async function lines(): Promise<readonly LedgerRecord[]> {
  const text = await readFile(join(root, LEDGER), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('a verdict', () => {
  test('is remembered after its boot, and before the mark that followed from it', async () => {
    expect(await recordVerdict(deps(), report('b1', GOOD))).toBe(true);
    expect(await lines()).toMatchObject([
      { seq: 1, event: 'boot', bootId: 'b1', deployment: { id: 'd1' }, kernel: '6.12.0', bootLoader: 'grub' },
      { seq: 2, event: 'verdict', verdict: 'good', results: [{ name: 'units', state: 'pass' }] },
      { seq: 3, event: 'mark', mark: 'good', by: 'verdict', result: 'done' },
    ]);
  });

  test('has a mark only where one was asked for', async () => {
    await recordVerdict(deps(), report('b1', HOLD));
    expect((await lines()).map(({ event }) => event)).toEqual(['boot', 'verdict']);
  });

  test('that is made again belongs to the boot that is there already; the next boot is another', async () => {
    for (const bootId of ['b1', 'b1', 'b2']) await recordVerdict(deps(), report(bootId, REBOOT));
    expect((await lines()).map(({ event, bootId }) => `${event} ${bootId}`)).toEqual([
      ...['boot b1', 'verdict b1', 'verdict b1'],
      ...['boot b2', 'verdict b2'],
    ]);
  });

  const other = { ...report('b1', HOLD).checks[0]!, outcome: errored('DBUS_TIMEOUT', 'no answer') };
  test.each<[string, VerdictReport, VerdictReport, number]>([
    ['says the same of a boot that is held', report('b1', HOLD), report('b1', HOLD), 1],
    ['says the same of the next boot', report('b1', HOLD), report('b2', HOLD), 2],
    ['has another check outcome', report('b1', HOLD), { ...report('b1', HOLD), checks: [other] }, 2],
    ['is another verdict', report('b1', HOLD), { ...report('b1', HOLD), verdict: 'indeterminate' }, 2],
    ['is good now', report('b1', HOLD), report('b1', GOOD), 2],
    ['marks again', report('b1', GOOD), report('b1', GOOD), 2],
    ['asks for a reboot now', report('b1', HOLD), report('b1', REBOOT), 2],
  ])(
    'that is made again is a line of its own unless it says nothing new: one that %s',
    async (_, one, again, count) => {
      await recordVerdict(deps(), one);
      await recordVerdict(deps(), again);
      expect((await lines()).filter(({ event }) => event === 'verdict')).toHaveLength(count);
    },
  );

  test('mends a torn ledger, and says so', async () => {
    await recordVerdict(deps(), report('b1', HOLD));
    await writeFile(join(root, LEDGER), '{"v":1,"se', { flag: 'a' });
    const now = deps();
    expect(await recordVerdict(now, report('b2', HOLD))).toBe(true);
    expect(now.journal.events).toEqual([
      ['ledger-repaired', { GOODBOOT_FILE: LEDGER, GOODBOOT_REASON: expect.stringContaining('torn') }],
    ]);
    expect((await lines()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  test.each([
    ['written', 'var/lib', 'LEDGER_UNWRITABLE'],
    ['read', `${LEDGER.slice(1)}/a-directory/file`, 'LEDGER_UNREADABLE'],
  ])('stands when the ledger cannot be %s: that is said, and no more', async (_, path, code) => {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), '');
    const now = deps();
    expect(await recordVerdict(now, report('b1', GOOD))).toBe(false);
    expect(now.journal.events).toEqual([
      [
        'ledger-unwritable',
        { GOODBOOT_FILE: LEDGER, GOODBOOT_REASON: expect.stringContaining(LEDGER), GOODBOOT_ERROR_CODE: code },
      ],
    ]);
  });
});

test.each<[string, readonly Action[], number]>([
  ['nothing', [], 0],
  ['one reboot', [REBOOT], 1],
  ['two in a row', [REBOOT, REBOOT], 2],
  ['a hold between or after them, which is no end', [REBOOT, HOLD, REBOOT, HOLD], 2],
  ['a good boot between', [REBOOT, GOOD, REBOOT], 1],
  ['a reboot on trial, which is another thing', [REBOOT, { kind: 'reboot', why: 'next-attempt' }, REBOOT], 2],
])('reboots for a regression since the last good boot: %s', async (_, actions, count) => {
  for (const [at, action] of actions.entries()) await recordVerdict(deps(), report(`b${at}`, action));
  expect(regressionReboots(actions.length === 0 ? [] : await lines())).toBe(count);
});
