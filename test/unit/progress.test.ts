import { describe, expect, test } from 'vitest';
import { makeProgress } from '../../src/cli/progress.ts';
import { columnsOf, cut, type LiveRow, liveLines, rowsTaken } from '../../src/cli/render/live.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { type CheckResult, errored, fail, type Outcome, pass } from '../../src/core/outcome.ts';
import type { PlannedCheck } from '../../src/ports/check.ts';

const result = (name: string, outcome: Outcome = pass(), durationMs = 12): CheckResult => ({
  name,
  type: 'x',
  required: true,
  outcome,
  durationMs,
});
const row = (name: string, given: Partial<LiveRow> = {}): LiveRow => ({
  name,
  required: true,
  startedMs: null,
  result: null,
  ...given,
});
const linesAt = (columns: number, rows: readonly LiveRow[], nowMs = 0) =>
  liveLines(rows, { nowMs, columns, paint: (_colour, text) => text });

describe('a line of the table', () => {
  test.each<[string, LiveRow, string]>([
    ['of a check that waits', row('disk'), '  waits  disk  required'],
    ['of one that just began', row('disk', { startedMs: 4500 }), '  runs   disk  required  0 s'],
    ['of one that runs', row('disk', { startedMs: 1000, required: false }), '  runs   disk  wanted    4 s'],
    ['of one that runs for long', row('disk', { startedMs: -70_000 }), '  runs   disk  required  1 m 15 s'],
    ['of one that runs on a clock that was set back', row('disk', { startedMs: 9000 }), '  runs   disk  required  0 s'],
    ['of one that passed', row('disk', { startedMs: 0, result: result('disk') }), '  pass   disk  required  12 ms'],
    [
      'of one that failed, its reason in one line',
      row('disk', { result: result('disk', fail('a\nb\u001b[2Jc\u0007')) }),
      '  fail   disk  required  12 ms     a bc',
    ],
  ])('%s', (_, given, want) => {
    expect(linesAt(80, [given], 5000)).toEqual([want]);
  });

  test.each([200, 80, 60, 41, 40, 30, 21, 20, 12, 5, 1])(
    'is narrower than %d columns, whatever is in it',
    (columns) => {
      const reason = '漢字 \u{1f600} a\u0301 é words '.repeat(9);
      const rows = [
        row('n'),
        row('name-that-is-long', { startedMs: 0 }),
        row('n', { result: result('n', fail(reason)) }),
      ];
      for (const line of linesAt(columns, rows)) expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(0, columns - 1));
    },
  );

  test('is coloured by its first word alone', () => {
    const paint: Terminal['paint'] = (colour, text) => `<${colour}>${text}</>`;
    const rows = [row('pass'), row('runs', { startedMs: 0 }), row('b', { result: result('b', errored('X', 'no')) })];
    expect(liveLines(rows, { nowMs: 0, columns: 60, paint }).map((line) => line.slice(0, 30).trimEnd())).toEqual([
      '  <dim>waits</>  pass  require',
      '  <dim>runs</>   runs  require',
      '  <yellow>error</>  b     requ',
    ]);
  });

  test.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['漢字', 4, '漢字'],
    ['漢字', 3, '漢…'],
    ['漢字', 2, '…'],
    ['a\u0301bc', 3, 'a\u0301bc'],
    ['abc', 0, ''],
  ])('%j cut to %d columns is %j', (text, columns, want) => {
    expect(cut(text, columns)).toBe(want);
  });

  test('takes the rows that a terminal breaks it into', () => {
    expect(rowsTaken([0, 1, 10, 11, 20, 21], 10)).toBe(1 + 1 + 1 + 2 + 2 + 3);
    expect(rowsTaken([5], 0)).toBe(5);
  });
});

/** A terminal as it looks, and time that moves when it is told to. */
function makeScene({ columns = 60, rows = 10, json = false, live = true } = {}) {
  const size = { columns, rows };
  const writes: { readonly at: number; readonly text: string }[] = [];
  const waiting: { readonly at: number; readonly work: () => void }[] = [];
  let now = 0;
  const terminal: Terminal = {
    json,
    ...(live ? { screen: () => size } : {}),
    out: (text) => void writes.push({ at: now, text }),
    err: (text) => void writes.push({ at: now, text }),
    paint: (_colour, text) => text,
    answer: () => undefined,
    error: () => undefined,
  };
  const progress = makeProgress({
    terminal,
    clock: { monotonicMs: () => now },
    linesOf: ({ name, outcome }) => `${outcome.state} ${name}\n`,
    later: (ms, work) => {
      const set = { at: now + ms, work };
      waiting.push(set);
      return () => void (waiting.includes(set) && waiting.splice(waiting.indexOf(set), 1));
    },
  });
  /** Lets time pass, and does what falls due. */
  const pass = (ms: number) => {
    const end = now + ms;
    for (;;) {
      const [next] = waiting.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      waiting.splice(waiting.indexOf(next), 1);
      now = Math.max(now, next.at);
      next.work();
    }
    now = end;
  };
  return { progress, writes, waiting, size, pass, look: () => shown(writes.map(({ text }) => text).join('')) };
}

/** The lines on a tall screen after all that, with the two sequences that the table uses. */
function shown(text: string): readonly string[] {
  const lines = [''];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts them
  for (const [part] of text.matchAll(/\u001b\[\d+A|\u001b\[J|\r|\n|[^\u001b\r\n]+/g)) {
    const up = /(\d+)A$/.exec(part)?.[1];
    if (part === '\n') lines.push('');
    else if (up !== undefined) lines.splice(lines.length - Number(up));
    else if (part === '\u001b[J') lines[lines.length - 1] = '';
    else if (part !== '\r') lines[lines.length - 1] += part;
  }
  return lines.slice(0, -1);
}

const checks = ['a', 'b'].map((name) => ({ name, required: true })) as unknown as readonly PlannedCheck[];

describe('on a terminal', () => {
  test('a check waits, runs and ends in its place; in the end there are the lines that stay', () => {
    const { progress, pass: wait, look } = makeScene();
    progress.expect(checks);
    wait(0);
    expect(look()).toEqual(['  waits  a     required', '  waits  b     required']);
    progress.started(checks);
    wait(2000);
    expect(look()).toEqual(['  runs   a     required  1 s', '  runs   b     required  1 s']);
    progress.ended(result('b', fail('no')));
    wait(1000);
    expect(look()).toEqual(['  runs   a     required  3 s', '  fail   b     required  12 ms     no']);
    progress.ended(result('a'));
    expect(look()).toEqual(['pass a', 'fail b']);
    wait(60_000);
    expect(look()).toEqual(['pass a', 'fail b']);
  });

  test('there are ten pictures a second at most, and one when a second went by', () => {
    const many = Array.from({ length: 50 }, (_, at) => ({
      name: `c${at}`,
      required: true,
    })) as unknown as typeof checks;
    const { progress, writes, pass: wait } = makeScene({ rows: 100 });
    progress.expect(many);
    progress.started(many);
    for (const { name } of many.slice(1)) {
      progress.ended(result(name));
      wait(20);
    }
    const times = writes.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(5);
    for (const [at, time] of times.entries()) expect(time - (times[at - 1] ?? -100)).toBeGreaterThanOrEqual(100);
    const before = writes.length;
    wait(5000);
    expect(writes.length).toBe(before + 5);
  });

  test('what others print is not drawn over', () => {
    const { progress, writes, pass: wait, look } = makeScene();
    progress.started(checks);
    wait(0);
    progress.aside(() => void writes.push({ at: 0, text: 'a warning\n' }));
    wait(200);
    expect(look()).toEqual(['a warning', '  runs   a     required  0 s', '  runs   b     required  0 s']);
  });

  test('a round after the first has a table of its own, below what stays of the first', () => {
    const { progress, pass: wait, look } = makeScene();
    progress.started(checks);
    for (const name of ['a', 'b']) progress.ended(result(name));
    progress.started(checks.slice(1));
    wait(200);
    expect(look()).toEqual(['pass a', 'pass b', '  runs   b     required  0 s']);
  });

  test('what came to an end stays when a run is broken off, and nothing is drawn after that', () => {
    const { progress, waiting, pass: wait, look } = makeScene();
    progress.started(checks);
    wait(0);
    progress.ended(result('a'));
    progress[Symbol.dispose]();
    expect(look()).toEqual(['pass a']);
    expect(waiting).toEqual([]);
  });

  test('lines that a narrower terminal has broken are taken away whole', () => {
    const { progress, size, pass: wait, writes } = makeScene({ columns: 60 });
    progress.started(checks);
    progress.ended(result('b', fail('x'.repeat(100))));
    wait(0);
    size.columns = 20;
    wait(1000);
    // 28 and 59 columns.
    expect(writes.at(-1)?.text.startsWith('\u001b[5A\r\u001b[J')).toBe(true);
  });

  test.each([
    ['is too low', { rows: 2 }],
    ['is too narrow', { columns: 19 }],
    ['does not tell its size', { columns: 0, rows: 0 }],
    ['cannot move its cursor', { live: false }],
  ])('that %s, each check has its line when it ends', (_, given) => {
    const { progress, writes, pass: wait } = makeScene(given);
    progress.expect(checks);
    progress.started(checks);
    wait(3000);
    progress.ended(result('b'));
    expect(writes.map(({ text }) => text)).toEqual(['pass b\n']);
    progress.ended(result('a'));
    expect(writes.map(({ text }) => text)).toEqual(['pass b\n', 'pass a\n']);
  });
});

test('with --json nothing is shown', () => {
  const { progress, writes, pass: wait } = makeScene({ json: true });
  progress.expect(checks);
  progress.started(checks);
  wait(3000);
  for (const name of ['a', 'b']) progress.ended(result(name));
  expect(writes).toEqual([]);
});
