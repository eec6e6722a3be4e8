import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFiles } from '../../src/adapters/files/files.ts';
import { parseBootList, parseEntries } from '../../src/adapters/journald/past-boots.ts';
import { GoodbootError } from '../../src/core/errors.ts';
import { type Evidence, evidenceText, parseEvidence, type SpentFacts, spentBoots } from '../../src/core/evidence.ts';
import { EMPTY_STATE, type NodeState, type SeenBoot } from '../../src/core/node-state.ts';
import { EVIDENCE, type EvidenceDeps, keepEvidence, readEvidence } from '../../src/node/evidence.ts';
import { openLedger } from '../../src/node/ledger.ts';
import type { LookBack } from '../../src/node/look-back.ts';
import { fakeClock } from '../helpers/fake-clock.ts';
import { fakeJournal } from '../helpers/fake-journal.ts';

const boot = (bootId: string, more: Partial<SeenBoot> = {}): SeenBoot => {
  return { bootId, deployment: 'new', startedBy: 'boot-loader', timeMs: 1, proven: true, ended: 'unclean', ...more };
};
const now = boot('now', { deployment: 'old', ended: null });
const stateOf = (...boots: readonly SeenBoot[]): NodeState => ({ ...EMPTY_STATE, boots: [...boots, now] });
const last = { bootId: 'b2', ended: 'unclean', unseen: 0 } as const;

describe('a trial has spent', () => {
  const facts: SpentFacts = {
    state: stateOf(boot('b1'), boot('b2')),
    deployment: 'new',
    bootId: 'now',
    last,
    journalIds: ['b1', 'b2', 'now'],
    hasCrashRecords: false,
  };
  const clean = { ended: 'clean', verdict: 'bad' } as const;
  const good = { ended: 'clean', verdict: 'good' } as const;
  const unseen = (count: number) => ({ last: { ...last, unseen: count } });
  test.each<[name: string, change: Partial<SpentFacts>, boots: readonly string[]]>([
    ['what was noted of its deployment', {}, ['b1 1 unclean', 'b2 1 unclean']],
    ['nothing of another', { deployment: 'other' }, []],
    [
      'also what a bad verdict ended',
      { state: stateOf(boot('b1', clean), boot('b2')) },
      ['b1 1 clean', 'b2 1 unclean'],
    ],
    ['nothing before it was good', { state: stateOf(boot('b0'), boot('b1', good), boot('b2')) }, ['b2 1 unclean']],
    ['the panic of a noted boot', { state: stateOf(boot('b2', { cause: 'panic' })) }, ['b2 1 panic']],
    [
      'boots that only the journal knows, as many as were counted',
      { ...unseen(1), journalIds: ['x0', 'b1', 'b2', 'x1', 'x2', 'now'] },
      ['b1 1 unclean', 'b2 1 unclean', 'x2 1 null'],
    ],
    [
      'boots that only the boot loader has counted',
      { ...unseen(3), journalIds: ['b1', 'b2', 'x1', 'now'], hasCrashRecords: true },
      ['b1 1 unclean', 'b2 1 unclean', 'x1 1 null', 'before-now 2 panic'],
    ],
    [
      'a boot that panicked, and that the journal knows',
      { ...unseen(1), journalIds: ['b1', 'b2', 'x1', 'now'], hasCrashRecords: true },
      ['b1 1 unclean', 'b2 1 unclean', 'x1 1 panic'],
    ],
    [
      'all that were counted, where the journal does not tell',
      { ...unseen(2), journalIds: null },
      ['b1 1 unclean', 'b2 1 unclean', 'before-now 2 null'],
    ],
    ['nothing that nobody counted', { journalIds: ['b2', 'x1', 'now'] }, ['b1 1 unclean', 'b2 1 unclean']],
  ])('%s', (_name, change, boots) => {
    const spent = spentBoots({ ...facts, ...change });
    expect(spent.map(({ id, boots: count, ended }) => `${id} ${count} ${ended}`)).toEqual(boots);
  });
});

const line = (n: number, message = 'x') => {
  return { time: `2026-01-01T00:00:0${n % 10}Z`, priority: 3, from: 'app', message, event: null };
};
const evidence: Evidence = {
  v: 1,
  id: 'b1',
  boots: 1,
  deployment: 'new',
  ended: 'unclean',
  time: '2026-01-01T00:00:00Z',
  collectedIn: 'now',
  journal: 'read',
  trouble: '',
  results: [],
  events: [],
  errors: [line(1)],
  lines: Array.from({ length: 100 }, (_, n) => line(n, `${n} ${'ü'.repeat(100)}`)),
  crashes: [],
  leftOut: 0,
};

describe('the text of evidence', () => {
  test('is read back whole', () => {
    expect(parseEvidence(evidenceText(evidence, 1e6))).toEqual(evidence);
  });

  test('leaves out the oldest lines until it is small enough, and says how many', () => {
    const text = evidenceText(evidence, 10_000);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10_000);
    const { lines, errors, leftOut } = parseEvidence(text)!;
    expect(lines).toEqual(evidence.lines.slice(leftOut));
    expect(leftOut).toBeGreaterThan(0);
    expect(lines.length).toBeGreaterThan(10);
    expect(errors).toEqual(evidence.errors);
  });

  test('ends when nothing is left to leave out', () => {
    expect(parseEvidence(evidenceText(evidence, 10))).toMatchObject({ lines: [], errors: [], leftOut: 101 });
  });

  test.each(['', '[]', '{"v":1}', JSON.stringify({ ...evidence, v: 2 }), JSON.stringify({ ...evidence, lines: [1] })])(
    'is none when it is %s',
    (text) => {
      expect(parseEvidence(text)).toBeNull();
    },
  );
});

describe('evidence is kept', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'goodboot-evidence-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  function deps(change: Partial<EvidenceDeps> = {}) {
    const journal = fakeJournal();
    const made: EvidenceDeps = {
      files: makeFiles(root),
      clock: fakeClock(),
      journal,
      boot: { id: 'now', kernel: '6', startedBy: 'boot-loader' },
      traces: {
        crashRecords: async () => [],
        crashText: async (record) => `panic in ${record}`,
        watchdogs: async () => ({ watchdogs: [], resets: [] }),
      },
      pastBoots: {
        ids: async () => ['b1', 'b2', 'now'],
        entries: async ({ bootId, only }) => [
          { ...line(1, `${only ?? 'all'} of ${bootId} `.padEnd(5000, '.')), event: only === 'goodboot' ? 'x' : null },
        ],
      },
      ...change,
    };
    return { ...made, journal };
  }
  const back: LookBack = { last, crashRecords: [], ledger: null };
  const of = (state: NodeState, more: Partial<LookBack> = {}) => ({
    state,
    deployment: 'new',
    back: { ...back, ...more },
  });
  const kept = async () => (await readdir(join(root, EVIDENCE))).sort();
  const one = async (id: string) => parseEvidence(await readFile(join(root, EVIDENCE, `${id}.json`), 'utf8'))!;

  test('of each boot once, with what the journal says, cut to size', async () => {
    await keepEvidence(deps(), of(stateOf(boot('b1'))));
    const again = deps();
    await keepEvidence(again, of(stateOf(boot('b1'), boot('b2'))));
    expect(await kept()).toEqual(['b1.json', 'b2.json']);
    expect(again.journal.events).toMatchObject([['evidence-kept', { GOODBOOT_LAST_BOOT: 'b2' }]]);
    const { events, errors, lines, journal, collectedIn } = await one('b2');
    expect([events, errors, lines].map(([entry]) => entry?.message.slice(0, 14).trim())).toEqual([
      'goodboot of b2',
      'errors of b2 .',
      'all of b2 ....',
    ]);
    expect(lines[0]?.message).toHaveLength(1000);
    expect([journal, collectedIn]).toEqual(['read', 'now']);
    expect((await readEvidence(makeFiles(root))).map(({ id }) => id).sort()).toEqual(['b1', 'b2']);
  });

  test('with what the checks said, by the ledger', async () => {
    const ledger = await openLedger(makeFiles(root), fakeClock());
    const results = [{ name: 'units', required: true, state: 'fail', reason: 'down' }];
    await ledger.append({ event: 'verdict', bootId: 'b2', verdict: 'bad', results, actions: [] });
    await keepEvidence(deps(), of(stateOf(boot('b2')), { ledger: await openLedger(makeFiles(root), fakeClock()) }));
    expect((await one('b2')).results).toEqual(results);
  });

  test('with the last words of the kernel, of the boot that they are from', async () => {
    const state = stateOf(boot('b1', { cause: 'panic' }), boot('b2', { cause: 'panic' }));
    await keepEvidence(deps(), of(state, { crashRecords: ['/dmesg'] }));
    expect((await one('b2')).crashes).toEqual([{ record: '/dmesg', text: 'panic in /dmesg' }]);
    expect((await one('b1')).crashes).toEqual([]);
  });

  const timeout = () => Promise.reject(new GoodbootError('PROGRAM_TIMEOUT', 'journalctl: no end'));
  test.each<[name: string, change: Partial<EvidenceDeps['pastBoots']>, wanted: object]>([
    ['has nothing of it', { ids: async () => ['now'] }, { journal: 'absent', trouble: '' }],
    ['cannot be listed', { ids: timeout }, { journal: 'unreadable', trouble: 'journalctl: no end' }],
    ['cannot be read', { entries: timeout }, { journal: 'unreadable', trouble: 'journalctl: no end' }],
  ])('also when the journal %s, and says so', async (_name, change, wanted) => {
    const { pastBoots } = deps();
    await keepEvidence(deps({ pastBoots: { ...pastBoots, ...change } }), of(stateOf(boot('b2'))));
    expect(await one('b2')).toMatchObject({ ...wanted, lines: [] });
  });

  test('of boots without an id', async () => {
    await keepEvidence(deps(), of(stateOf(), { last: { ...last, unseen: 3 } }));
    expect(await one('before-now')).toMatchObject({ boots: 3, journal: 'absent', ended: null });
  });

  test('without asking the journal when there is nothing to keep', async () => {
    const asked = () => Promise.reject(new Error('asked'));
    await keepEvidence(
      deps({ pastBoots: { ids: asked, entries: asked } }),
      of(stateOf(boot('b1', { deployment: 'old' }))),
    );
    await expect(kept()).rejects.toThrow('ENOENT');
  });

  test('for the 16 newest boots, and always for those of now', async () => {
    await keepEvidence(deps(), of(stateOf(...Array.from({ length: 16 }, (_, n) => boot(`a${n}`)))));
    for (let n = 0; n < 16; n += 1) await utimes(join(root, EVIDENCE, `a${n}.json`), 2e9 + n, 2e9 + n);
    // The clock went back: what is new looks older than all of that.
    await keepEvidence(deps(), of(stateOf(boot('b1'), boot('b2'))));
    const names = await kept();
    expect(names).toHaveLength(16);
    expect(names).toEqual(expect.arrayContaining(['b1.json', 'b2.json', 'a15.json', 'a2.json']));
    expect(names).not.toContain('a1.json');
  });

  test('for nobody else, and what is no evidence is passed over', async () => {
    await keepEvidence(deps(), of(stateOf(boot('b1'))));
    const modes = [EVIDENCE, `${EVIDENCE}/b1.json`].map(async (path) => (await stat(join(root, path))).mode & 0o777);
    expect(await Promise.all(modes)).toEqual([0o700, 0o600]);
    await writeFile(join(root, EVIDENCE, 'torn.json'), '{');
    expect((await readEvidence(makeFiles(root))).map(({ id }) => id)).toEqual(['b1']);
  });

  test('or that it is lost is said, and nothing else happens', async () => {
    await writeFile(join(root, 'var'), '');
    const now = deps();
    await keepEvidence(now, of(stateOf(boot('b1'))));
    expect(now.journal.events).toMatchObject([['evidence-lost', { GOODBOOT_ERROR_CODE: 'FILE_UNWRITABLE' }]]);
  });
});

describe('what journalctl prints', () => {
  const [one, two] = ['a'.repeat(32), 'b'.repeat(32)];

  test.each([
    [
      'since systemd 253',
      `IDX BOOT ID                          FIRST ENTRY\n -1 ${one} Sat 2026-11-21\n  0 ${two} Sat 2026-11-21\n`,
    ],
    ['before', `-1 ${one} Sat 2026-11-21 09:00:00 UTC—Sat 2026-11-21 09:10:00 UTC\n 0 ${two} Sat 2026-11-21\n`],
  ])('of boots is understood, as it is written %s', (_name, text) => {
    expect(parseBootList(text)).toEqual([one, two]);
  });

  test('of entries is put in order, whatever form a value has, without a line that was cut off', () => {
    const time = (seconds: number) => ({ __REALTIME_TIMESTAMP: `${seconds}000000` });
    const lines = [
      { ...time(3), MESSAGE: [103, 114, 195, 188, 110], PRIORITY: '3', SYSLOG_IDENTIFIER: 'app' },
      { ...time(2), MESSAGE: null, _COMM: 'sh', GOODBOOT_EVENT: 'verdict-bad' },
      { ...time(1), MESSAGE: ['one', 'two'], _SYSTEMD_UNIT: 'a.service' },
    ].map((fields) => JSON.stringify(fields));
    expect(parseEntries(`${lines.join('\n')}\n{"__REALTIME_TIMESTAMP":"0`)).toEqual([
      { time: '1970-01-01T00:00:01.000Z', priority: 6, from: 'a.service', message: 'one', event: null },
      {
        time: '1970-01-01T00:00:02.000Z',
        priority: 6,
        from: 'sh',
        message: '(too long for journalctl)',
        event: 'verdict-bad',
      },
      { time: '1970-01-01T00:00:03.000Z', priority: 3, from: 'app', message: 'grün', event: null },
    ]);
  });
});
