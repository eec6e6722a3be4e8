import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import type { LedgerEntry } from '../../src/core/ledger.ts';
import { verdictEntry } from '../../src/core/ledger.ts';
import { LEDGER, openLedger } from '../../src/node/ledger.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Files } from '../../src/ports/files.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const clock: Clock = { now: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
const boot: LedgerEntry = { event: 'boot', bootId: 'b1', deployment: null, kernel: '6.1', bootLoader: 'grub' };
const mark: LedgerEntry = { event: 'mark', bootId: 'b1', mark: 'good', by: 'operator', result: 'done' };
const line = (seq: number, entry: LedgerEntry = boot): string =>
  `${JSON.stringify({ v: 1, seq, time: '1970-01-01T00:00:00.000Z', ...entry })}\n`;

let root = '';
let path = '';
let files: Files;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-ledger-'));
  files = makeFiles(root);
  path = join(root, LEDGER);
});
afterEach(() => rm(root, { recursive: true }));

const given = async (content: string | Buffer, at = path): Promise<void> => {
  await mkdir(dirname(at), { recursive: true });
  await writeFile(at, content);
};
const ledger = () => openLedger(files, clock);
const content = () => readFile(path, 'utf8');

describe('the ledger', () => {
  test('of a new node is empty, is made by the first line, and counts on in the next boot', async () => {
    const first = await ledger();
    expect([first.records, first.damage]).toEqual([[], []]);
    await first.append(boot);
    await first.append(mark);
    await (await ledger()).append({ ...boot, bootId: 'b2' });
    expect(await content()).toBe(line(1) + line(2, mark) + line(3, { ...boot, bootId: 'b2' }));
    expect((await ledger()).records.map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'boot'],
      [2, 'mark'],
      [3, 'boot'],
    ]);
  });

  test('is not changed by being opened', async () => {
    await given(`${line(1)}{"v":1,"se`);
    await ledger();
    expect(await content()).toBe(`${line(1)}{"v":1,"se`);
  });

  test('takes lines from two programs that have it open at the same time', async () => {
    const [one, other] = [await ledger(), await ledger()];
    await one.append(boot);
    await other.append(mark);
    await one.append(boot);
    expect(await content()).toBe(line(1) + line(2, mark) + line(3));
  });

  test.each([
    [
      'a torn last line is cut off, and said',
      `${line(1)}{"v":1,"se`,
      line(1) + line(2, mark),
      [1],
      ['is torn: "{\\"v\\":1,\\"se"'],
    ],
    ['zeros behind the last line are cut off', `${line(1)}\0\0\0`, line(1) + line(2, mark), [1], ['is torn']],
    ['a last line without newline is kept', line(1).trimEnd(), line(1) + line(2, mark), [1], []],
    ['a first line that is torn is no trouble', '{"v"', line(1, mark), [], ['is torn']],
    [
      'damaged lines are passed over and kept',
      `${line(1)}x\n\n{"v":1}\n${line(4)}`,
      `${line(1)}x\n\n{"v":1}\n${line(4)}${line(5, mark)}`,
      [1, 4],
      ['3 damaged lines'],
    ],
    [
      'lines of a newer goodboot are kept, and counted on',
      `${line(1)}{"v":2,"seq":7,"time":"","event":"boot"}\n`,
      `${line(1)}{"v":2,"seq":7,"time":"","event":"boot"}\n${line(8, mark)}`,
      [1],
      [],
    ],
    [
      'a kind of line that is not known here is no damage',
      '{"v":1,"seq":3,"time":"","bootId":"b","event":"new"}\n',
      `{"v":1,"seq":3,"time":"","bootId":"b","event":"new"}\n${line(4, mark)}`,
      [],
      [],
    ],
  ])('%s', async (_, before, after, seqs, damage) => {
    await given(before);
    const opened = await ledger();
    expect(opened.records.map(({ seq }) => seq)).toEqual(seqs);
    expect(opened.damage).toEqual(damage.map((sentence) => expect.stringContaining(sentence)));
    await opened.append(mark);
    expect(await content()).toBe(after);
    expect((await ledger()).records.at(-1)).toMatchObject(mark);
  });

  test('mends the end also when a write of its own failed half way', async () => {
    const opened = await ledger();
    await opened.append(boot);
    await given(`${line(1)}{"half`);
    await opened.append(mark);
    expect(await content()).toBe(line(1) + line(2, mark));
  });

  test('of binary noise takes new lines, loses nothing and says how much it could not read', async () => {
    const noise = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7919) % 256));
    await given(noise);
    const opened = await ledger();
    expect(opened.damage.join()).toMatch(/\d+ damaged lines were passed over/);
    await opened.append(boot);
    const now = await ledger();
    expect(now.records).toHaveLength(1);
    expect((await readFile(path)).subarray(0, 99_000).equals(noise.subarray(0, 99_000))).toBe(true);
  });

  test('of 100 MB is read from its end, and put aside by the next line', async () => {
    await given('');
    await truncate(path, 100_000_000);
    await writeFile(path, `\n${line(5)}`, { flag: 'a' });
    const opened = await ledger();
    expect(opened.records.map(({ seq }) => seq)).toEqual([5]);
    expect(opened.damage[0]).toMatch(/the first \d+ bytes were not read, it is too large/);
    await opened.append(mark);
    expect(await content()).toBe(line(6, mark));
    expect((await stat(`${path}.1`)).size).toBeGreaterThan(100_000_000);
  });
});

describe('the ledger is put aside at 4 MiB', () => {
  test('and is read across both parts', async () => {
    const filler = line(1, { ...boot, kernel: 'x'.repeat(4 * MIB - 300) });
    await given(filler);
    const opened = await ledger();
    await opened.append(boot);
    await opened.append(mark);
    expect(await readFile(`${path}.1`, 'utf8')).toBe(filler + line(2));
    expect(await content()).toBe(line(3, mark));
    expect((await ledger()).records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test('and a power cut between the two steps loses nothing', async () => {
    await given(line(1) + line(2), `${path}.1`);
    const opened = await ledger();
    expect(opened.records).toHaveLength(2);
    await opened.append(mark);
    expect(await content()).toBe(line(3, mark));
  });
});

describe('the ledger cannot be', () => {
  test('read: a directory is in its place', async () => {
    await mkdir(path, { recursive: true });
    await expect(ledger()).rejects.toMatchObject({
      code: 'LEDGER_UNREADABLE',
      message: `ledger ${LEDGER}`,
      cause: { message: 'a file was wanted, it is of kind directory' },
    });
  });

  test('written: it is immutable, and what was read is still there', async () => {
    await given(line(1));
    const opened = await openLedger(files, clock);
    await run('chattr', ['+i', path]);
    try {
      await expect(opened.append(mark)).rejects.toMatchObject({
        code: 'LEDGER_UNWRITABLE',
        message: `ledger ${LEDGER}`,
        cause: { code: 'FILE_UNWRITABLE' },
      });
    } finally {
      await run('chattr', ['-i', path]);
    }
    expect(opened.records).toHaveLength(1);
    expect(await content()).toBe(line(1));
  });

  test('given a line that no reader would find the start of', async () => {
    const opened = await ledger();
    await expect(opened.append({ ...boot, kernel: 'x'.repeat(MIB) })).rejects.toMatchObject({
      code: 'LEDGER_UNWRITABLE',
    });
  });
});

test('a verdict is kept with each check, its reason, and what was done', () => {
  const entry = verdictEntry({
    apiVersion: 'goodboot/v1',
    kind: 'Verdict',
    bootId: 'b1',
    time: '1970-01-01T00:00:00.000Z',
    durationMs: 5,
    dryRun: false,
    deployment: null,
    bootLoader: { name: 'grub', detail: '/boot/grub2/grubenv', counter: null, success: null },
    verdict: 'bad',
    standing: 'settled',
    nothingRequired: false,
    checks: [
      { name: 'a', type: 'units', required: true, durationMs: 1, outcome: { state: 'pass', facts: {} } },
      {
        name: 'b',
        type: 'tcp',
        required: false,
        durationMs: 1,
        outcome: { state: 'fail', reason: 'no', facts: { port: 1 } },
      },
    ],
    actions: [{ action: { kind: 'hold', why: 'regression' }, result: 'done', detail: 'a person has to look' }],
    problems: [],
    doctor: null,
  });
  expect(entry).toEqual({
    event: 'verdict',
    bootId: 'b1',
    verdict: 'bad',
    results: [
      { name: 'a', required: true, state: 'pass', reason: '' },
      { name: 'b', required: false, state: 'fail', reason: 'no' },
    ],
    actions: [{ kind: 'hold', why: 'regression', result: 'done' }],
  });
});
