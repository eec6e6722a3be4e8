/** Words and assignments of a shell, without a shell: quotes, escapes, arrays and `$NAME` of keys that were set before. */

export interface Assignment {
  readonly name: string;
  readonly append: boolean;
  readonly value: string | readonly string[];
}

/** What a key holds, as `$NAME` gives it; null: it was never set. */
export type Scalars = (name: string) => string | null;

/** A statement of assignments and its end. `problem`: why nothing of it counts. */
export interface Assignments {
  readonly assignments: readonly Assignment[];
  readonly problem: string | null;
  readonly end: number;
}

const DECLARE = /(?:export|readonly|declare|typeset|local)(?:[ \t]+-[A-Za-z]+)*[ \t]+/y;
const ASSIGN = /(?<name>[A-Za-z_]\w*)(?<operator>\+?=)/y;
const INI = /(?<name>[A-Za-z_]\w*)(?:[ \t]+=[ \t]*|=[ \t]+(?=[^\s#;]))/y;
const BLANK = /[ \t]*/y;
const PARAMETER = /\$(?:(?<bare>[A-Za-z_]\w*)|\{(?<braced>[A-Za-z_]\w*)\})/y;

/** Where the line of a place ends: at its newline, or at the end of the text. */
export function endOfLine(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end === -1 ? source.length : end;
}

function match(expression: RegExp, source: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(source);
}

const after = (expression: RegExp, source: string, at: number): number =>
  at + (match(expression, source, at)?.[0].length ?? 0);

/** The assignments that begin here, or null when there are none. */
export function readAssignments(source: string, start: number, scalars: Scalars): Assignments | null {
  const ini = match(INI, source, start);
  if (ini !== null) return readIni(source, start + ini[0].length, ini.groups!['name']!, scalars);
  const first = after(DECLARE, source, start);
  if (match(ASSIGN, source, first) === null) return null;
  const assignments: Assignment[] = [];
  const failed = (problem: string): Assignments => ({ assignments: [], problem, end: endOfLine(source, start) });
  for (let at = first; ; ) {
    const head = match(ASSIGN, source, at);
    if (head === null) return failed('a command stands behind the assignment, and nothing is executed here');
    const { name = '', operator } = head.groups!;
    const read = readValue(source, at + head[0].length, scalars);
    if (read.problem !== null) return failed(`${name}: ${read.problem}`);
    assignments.push({ name, append: operator === '+=', value: read.value });
    const next = after(BLANK, source, read.end);
    const isSeparate = next > read.end;
    const mark = source[next];
    if (mark === undefined || mark === '\n' || mark === ';') return { assignments, problem: null, end: next };
    if (mark === '#' && isSeparate) return { assignments, problem: null, end: endOfLine(source, next) };
    if (!isSeparate) return failed(`${name}: ${mark} was not expected here`);
    at = next;
  }
}

/** `KEY = value`: the value is the rest of the line, without a comment; quotes and arrays are read as in the other form. */
function readIni(source: string, at: number, name: string, scalars: Scalars): Assignments {
  const read = readValue(source, at, scalars);
  const next = after(BLANK, source, read.end);
  const isWhole = read.problem === null && (next >= source.length || '\n;#'.includes(source[next]!));
  const end = Math.max(endOfLine(source, at), isWhole ? endOfLine(source, next) : 0);
  if (isWhole) return { assignments: [{ name, append: false, value: read.value }], problem: null, end };
  const rest = source.slice(at, end);
  // An unclosed quote or array is a mistake in this dialect too; words without quotes are not.
  if (/^[("']/.test(rest)) return { assignments: [], problem: `${name}: ${read.problem ?? 'not one value'}`, end };
  const value = rest.replace(/[ \t]+[#;].*$/, '').trim();
  return { assignments: [{ name, append: false, value }], problem: null, end };
}

type Read<Value> = { readonly value: Value; readonly problem: string | null; readonly end: number };

function readValue(source: string, at: number, scalars: Scalars): Read<string | readonly string[]> {
  return source[at] === '(' ? readArray(source, at + 1, scalars) : readWord(source, at, scalars);
}

function readArray(source: string, start: number, scalars: Scalars): Read<readonly string[]> {
  const value: string[] = [];
  for (let at = start; at < source.length; ) {
    const mark = source[at]!;
    if (mark === ')') return { value, problem: null, end: at + 1 };
    if (/\s/.test(mark)) at += 1;
    else if (mark === '\\' && source[at + 1] === '\n') at += 2;
    else if (mark === '#') at = endOfLine(source, at);
    else {
      const word = readWord(source, at, scalars);
      if (word.problem !== null) return { value, problem: word.problem, end: word.end };
      if (word.end === at) return { value, problem: `${mark} was not expected in an array`, end: at };
      value.push(word.value);
      at = word.end;
    }
  }
  return { value, problem: 'its ( is never closed', end: source.length };
}

export const unsupported = 'it takes a shell to know this value, and nothing is executed here';

/** One word, up to a blank or a mark that ends it. */
function readWord(source: string, start: number, scalars: Scalars): Read<string> {
  let value = '';
  let at = start;
  const failed = (problem: string): Read<string> => ({ value, problem, end: at });
  while (at < source.length && !/[\s;&|<>()]/.test(source[at]!)) {
    const mark = source[at]!;
    if (mark === "'") {
      const end = source.indexOf("'", at + 1);
      if (end === -1) return failed("its ' is never closed");
      value += source.slice(at + 1, end);
      at = end + 1;
    } else if (mark === '"') {
      const quote = readDoubleQuoted(source, at + 1, scalars);
      if (quote.problem !== null) return failed(quote.problem);
      value += quote.value;
      at = quote.end;
    } else if (mark === '\\') {
      if (source[at + 1] !== '\n') value += source[at + 1] ?? '';
      at += 2;
    } else if (mark === '$' || mark === '`') {
      const expanded = expand(source, at, scalars);
      if (expanded === null) return failed(unsupported);
      value += expanded.text;
      at = expanded.end;
    } else {
      value += mark;
      at += 1;
    }
  }
  return { value, problem: null, end: Math.min(at, source.length) };
}

function readDoubleQuoted(source: string, start: number, scalars: Scalars): Read<string> {
  let value = '';
  for (let at = start; at < source.length; ) {
    const mark = source[at]!;
    if (mark === '"') return { value, problem: null, end: at + 1 };
    if (mark === '\\' && /["\\$`\n]/.test(source[at + 1] ?? '')) {
      value += source[at + 1] === '\n' ? '' : source[at + 1];
      at += 2;
    } else if (mark === '$' || mark === '`') {
      const expanded = expand(source, at, scalars);
      if (expanded === null) return { value, problem: unsupported, end: at };
      value += expanded.text;
      at = expanded.end;
    } else {
      value += mark;
      at += 1;
    }
  }
  return { value, problem: 'its " is never closed', end: source.length };
}

/** `$NAME` of a key that was set before, or a `$` that stands for itself; null: only a shell knows. */
function expand(source: string, at: number, scalars: Scalars): { text: string; end: number } | null {
  const { bare, braced } = match(PARAMETER, source, at)?.groups ?? {};
  const name = bare ?? braced;
  if (name !== undefined) {
    const text = scalars(name);
    return text === null ? null : { text, end: at + name.length + (braced === undefined ? 1 : 3) };
  }
  return source[at] === '$' && /^(?:[\s";]|$)/.test(source.slice(at + 1, at + 2)) ? { text: '$', end: at + 1 } : null;
}
