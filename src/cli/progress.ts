import type { CheckResult } from '../core/outcome.ts';
import type { PlannedCheck } from '../ports/check.ts';
import type { Clock } from '../ports/clock.ts';
import { columnsOf, type LiveRow, liveLines, rowsTaken } from './render/live.ts';
import type { Terminal } from './terminal.ts';

/** Ten pictures a second at most, and one each second while nothing ends. */
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;
/** Below this a table says nothing any more. */
const LEAST_COLUMNS = 20;

/** What a run of checks shows while it goes on. */
export interface Progress extends Disposable {
  /** The checks are waited for: nothing of them runs yet. */
  expect(checks: readonly PlannedCheck[]): void;
  /** These were started, all of them. */
  started(checks: readonly PlannedCheck[]): void;
  ended(result: CheckResult): void;
  /** Does what may print something else, with nothing of the table in its way. */
  aside(work: () => void): void;
}

export interface ProgressDeps {
  readonly terminal: Terminal;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** The lines that stay, with their newlines. */
  readonly linesOf: (result: CheckResult) => string;
  /** Does something later, unless that is called off. */
  readonly later?: (ms: number, work: () => void) => () => void;
}

/**
 * On a terminal: a table that is drawn anew in its place, and the lines that stay when all checks have ended. Elsewhere:
 * these lines, each as its check ends. With `--json`: nothing. The cursor is never hidden, so that whatever ends this
 * program leaves a terminal as it was.
 */
export function makeProgress(deps: ProgressDeps): Progress {
  const { terminal, linesOf } = deps;
  if (terminal.json || terminal.screen === undefined) {
    return {
      expect: () => undefined,
      started: () => undefined,
      ended: (result) => terminal.json || terminal.out(linesOf(result)),
      aside: (work) => work(),
      [Symbol.dispose]: () => undefined,
    };
  }
  return liveTable(deps, terminal.screen);
}

const timer = (ms: number, work: () => void): (() => void) => {
  const set = setTimeout(work, ms).unref();
  return () => clearTimeout(set);
};

function liveTable({ terminal, clock, linesOf, later = timer }: ProgressDeps, screen: () => Screen): Progress {
  let rows: readonly LiveRow[] = [];
  /** There is room for the table. */
  let isLive = false;
  /** Widths of the lines on the screen: none when nothing of the table is there. */
  let drawn: readonly number[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  let callOff: () => void = () => undefined;

  /** Where the first line of the table is, and nothing from there on. */
  const erased = (columns: number): string =>
    drawn.length === 0 ? '' : `\u001b[${rowsTaken(drawn, columns)}A\r\u001b[J`;

  const erase = () => {
    callOff();
    if (drawn.length > 0) terminal.out(erased(screen().columns));
    drawn = [];
  };

  const fits = (count: number): boolean => screen().columns >= LEAST_COLUMNS && count < screen().rows;

  const draw = () => {
    const { columns } = screen();
    const nowMs = clock.monotonicMs();
    const lines = fits(rows.length) ? liveLines(rows, { nowMs, columns, paint: terminal.paint }) : [];
    // In one write: a picture that is half drawn flickers.
    terminal.out(`${erased(columns)}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.map((line) => columnsOf(line.replace(COLOUR, '')));
    lastMs = nowMs;
    callOff();
    callOff = later(LONGEST_PAUSE_MS, draw);
  };

  const soon = () => {
    callOff();
    callOff = later(Math.max(0, lastMs + SHORTEST_PAUSE_MS - clock.monotonicMs()), draw);
  };

  const begin = (checks: readonly PlannedCheck[], startedMs: number | null) => {
    isLive = checks.length > 0 && fits(checks.length);
    rows = [];
    if (!isLive) return erase();
    rows = checks.map(({ name, required }) => ({ name, required, startedMs, result: null }));
    soon();
  };

  const finish = () => {
    erase();
    for (const { result } of rows) if (result !== null) terminal.out(linesOf(result));
    rows = [];
  };

  return {
    expect: (checks) => begin(checks, null),
    started: (checks) => begin(checks, clock.monotonicMs()),
    ended(result) {
      if (!isLive) return terminal.out(linesOf(result));
      rows = rows.map((row) => (row.name === result.name ? { ...row, result } : row));
      if (rows.every((row) => row.result !== null)) finish();
      else soon();
    },
    aside(work) {
      const isShown = drawn.length > 0;
      if (isShown) erase();
      work();
      if (isShown && rows.length > 0) soon();
    },
    [Symbol.dispose]: finish,
  };
}

/** Of a terminal. */
interface Screen {
  readonly columns: number;
  readonly rows: number;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts them
const COLOUR = /\u001b\[\d+m/g;
