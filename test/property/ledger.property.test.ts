import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { type LedgerEntry, ledgerLine, parseLedger } from '../../src/core/ledger.ts';
import { LEDGER, openLedger } from '../../src/node/ledger.ts';
import type { Clock } from '../../src/ports/clock.ts';

const clock: Clock = { now: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'goodboot-ledger-'));
  await makeFiles(root).makeDirectory(dirname(LEDGER));
});
afterAll(() => rm(root, { recursive: true }));

const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '{', '}', 'ü', '🥾', '\0'), maxLength: 12 });
const entry: fc.Arbitrary<LedgerEntry> = fc.oneof(
  fc.record({
    event: fc.constant('boot' as const),
    bootId: text,
    deployment: fc.option(fc.record({ id: text, version: text })),
    kernel: text,
    bootLoader: text,
  }),
  fc.record({
    event: fc.constant('verdict' as const),
    bootId: text,
    verdict: fc.constantFrom('good' as const, 'bad' as const, 'indeterminate' as const),
    results: fc.array(fc.record({ name: text, required: fc.boolean(), state: text, reason: text }), { maxLength: 3 }),
    actions: fc.array(fc.record({ kind: text, result: fc.constant('done' as const) }), { maxLength: 2 }),
  }),
  fc.record({
    event: fc.constant('mark' as const),
    bootId: text,
    mark: fc.constantFrom('good' as const, 'bad' as const),
    by: fc.constant('verdict' as const),
    result: fc.constant('failed' as const),
  }),
);

test('any prefix of a ledger opens, keeps every whole line, and takes new lines', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), fc.nat(), entry, async (entries, at, next) => {
      const records = entries.map((each, index) => ({ v: 1 as const, seq: index + 1, time: 'then', ...each }));
      const whole = Buffer.from(records.map(ledgerLine).join(''));
      const prefix = whole.subarray(0, at % (whole.length + 1));
      await writeFile(join(root, LEDGER), prefix);

      const opened = await openLedger(makeFiles(root), clock);
      const lines = prefix.toString('latin1').split('\n').length - 1;
      const kept = opened.records;
      expect([lines, lines + 1]).toContain(kept.length); // one more: of its last line only the newline is missing
      expect(kept).toEqual(records.slice(0, kept.length));

      const written = await opened.append(next);
      const now = parseLedger(await readFile(join(root, LEDGER)));
      expect(now.records).toEqual([...kept, written]);
      expect([now.damaged, now.tail]).toEqual([0, null]);
    }),
    { numRuns: 200 },
  );
});

test('any bytes are a ledger: each line is read, not understood or damaged, and what is read is written the same', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(
        fc.oneof(
          entry.map((each) => ledgerLine({ v: 1, seq: 1, time: 'then', ...each })),
          text,
          fc.json().map((json) => `${json}\n`),
        ),
        { maxLength: 5 },
      )
      .map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(noise, fc.boolean(), (bytes, fromMiddle) => {
      const { records, foreign, damaged, tail } = parseLedger(Buffer.from(bytes), fromMiddle);
      const newlines = bytes.filter((byte) => byte === 10).length;
      const skipped = fromMiddle && newlines > 0 ? 1 : 0;
      expect(records.length + foreign + damaged).toBe(newlines - skipped + (tail?.whole ? 1 : 0));
      for (const record of records) expect(parseLedger(Buffer.from(ledgerLine(record))).records).toEqual([record]);
    }),
    { numRuns: 500 },
  );
});
