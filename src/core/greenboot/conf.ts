import { type Assignment, endOfLine, readAssignments, type Scalars } from './conf-words.ts';

/** One thing in a configuration file that was left out, or read in another way than it is written. */
export interface ConfProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export interface Conf {
  /** The last value of each key: a list where it was written as an array. */
  readonly values: ReadonlyMap<string, string | readonly string[]>;
  readonly problems: readonly ConfProblem[];
}

const OPENERS = new Set(['if', 'case', 'for', 'while', 'until', 'select', '{']);
const CLOSERS = new Set(['fi', 'esac', 'done', '}']);
const SECTION = /^\[[\w .-]+\][ \t]*(?:[;#].*)?$/;
const UNSET = /^unset[ \t]+(?:-v[ \t]+)?(?<name>[A-Za-z_]\w*)[ \t]*(?:#.*)?$/;

/**
 * Reads a greenboot.conf of either dialect: assignments as bash reads them, and `KEY = value` as an INI file has them.
 * Nothing is executed: what only a shell could say is left out, and named. Never throws; what follows a mistake is read.
 */
export function parseConf(text: string): Conf {
  const source = text.replace(/^\ufeff/, '').replaceAll(/\r\n?/g, '\n');
  const values = new Map<string, string | readonly string[]>();
  const problems: ConfProblem[] = [];
  const lines = new LineNumbers(source);
  for (let at = 0; at < source.length; ) {
    const start = at;
    const problem = (message: string) => problems.push({ line: lines.of(start), message });
    if (/[\s;]/.test(source[at]!)) {
      // A semicolon at the start of a line is a comment of INI files; elsewhere it ends a statement.
      at = source[at] === ';' && isLineStart(source, at) ? endOfLine(source, at) : at + 1;
      continue;
    }
    const line = source.slice(at, endOfLine(source, at)).trimEnd();
    const unset = UNSET.exec(line)?.groups?.['name'];
    if (line.startsWith('#') || SECTION.test(line)) at = endOfLine(source, at);
    else if (unset !== undefined) {
      values.delete(unset);
      at = endOfLine(source, at);
    } else {
      const read = readAssignments(source, at, scalarsOf(values));
      if (read === null) {
        const end = endOfCommand(source, at);
        problem(`${quoted(line)} is no assignment, and nothing is executed here`);
        at = end;
      } else {
        if (read.problem !== null) problem(read.problem);
        else for (const assignment of read.assignments) assign(values, assignment);
        at = read.end;
      }
    }
  }
  return { values, problems };
}

function assign(values: Map<string, string | readonly string[]>, { name, append, value }: Assignment): void {
  const before = append ? values.get(name) : undefined;
  if (before === undefined) values.set(name, value);
  else if (typeof before === 'string' && typeof value === 'string') values.set(name, before + value);
  else values.set(name, [before, value].flat());
}

const scalarsOf =
  (values: Conf['values']): Scalars =>
  (name) => {
    const value = values.get(name);
    return typeof value === 'string' ? value : (value?.[0] ?? null);
  };

const isLineStart = (source: string, at: number): boolean =>
  /^[ \t]*$/.test(source.slice(source.lastIndexOf('\n', at - 1) + 1, at));

/** A compound command ends lines later; what stands in it is done under conditions that nobody evaluates here. */
function endOfCommand(source: string, start: number): number {
  const first = endOfLine(source, start);
  let depth = 0;
  for (let at = start; at < source.length; at = endOfLine(source, at) + 1) {
    const words = source
      .slice(at, endOfLine(source, at))
      .replace(/(^|\s)#.*/, '')
      .split(/[\s;]+/);
    for (const word of words) depth += OPENERS.has(word) ? 1 : CLOSERS.has(word) ? -1 : 0;
    if (depth <= 0) return endOfLine(source, at);
  }
  // Never closed: a mistake, which must not swallow what follows.
  return first;
}

const quoted = (line: string): string => `"${line.length > 60 ? `${line.slice(0, 59)}\u2026` : line}"`;

/** Numbers of lines for rising places. */
class LineNumbers {
  readonly #source: string;
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  of(place: number): number {
    for (; this.#at < place; this.#at += 1) if (this.#source[this.#at] === '\n') this.#line += 1;
    return this.#line;
  }
}
