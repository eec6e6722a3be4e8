import { GoodbootError } from './errors.ts';

/** GRUB has the blocks of this many bytes on record, and writes into them itself: the size never changes. */
export const GRUBENV_BYTES = 1024;

const SIGNATURE = '# GRUB Environment Block\n';
/** One line with its newline. A backslash takes the next character along, so that a value can hold a newline. */
const LINE = /(?:[^\\\n]|\\[\s\S])*\n/y;
/** Control characters other than tab and newline: no tool writes them, a damaged disk does. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOISE = /[\0-\x08\x0b-\x1f\x7f]/;
const NAME = /^[A-Za-z_][\w.-]*$/;

/**
 * A GRUB environment block. The lines are kept as they are in the file, comments and escapes included, one
 * character per byte: what is not changed is written back byte for byte.
 */
export interface Grubenv {
  readonly lines: readonly string[];
}

/** Values to set, by name; null removes the variable. */
export type GrubenvChange = Readonly<Record<string, string | null>>;

/**
 * Reads an environment block.
 * @throws GoodbootError GRUBENV_INVALID
 */
export function parseGrubenv(bytes: Uint8Array): Grubenv {
  const invalid = (why: string) => new GoodbootError('GRUBENV_INVALID', `grubenv: ${why}`);
  if (bytes.length !== GRUBENV_BYTES) throw invalid(`${bytes.length} bytes, ${GRUBENV_BYTES} wanted`);
  const block = Buffer.from(bytes).toString('latin1');
  if (!block.startsWith(SIGNATURE)) throw invalid('the first line is not "# GRUB Environment Block"');
  const noise = block.search(NOISE);
  if (noise >= 0) throw invalid(`binary noise at byte ${noise}`);
  const lines: string[] = [];
  const text = block.replace(/#*$/, '');
  LINE.lastIndex = SIGNATURE.length;
  for (let at = SIGNATURE.length; at < text.length; at = LINE.lastIndex) {
    const line = LINE.exec(text)?.[0];
    if (line === undefined) throw invalid(`the line at byte ${at} has no end`);
    // GRUB looks past the end of such a line for the "=", and so loses the variable that comes next.
    if (nameOf(line) === '') throw invalid(`the line at byte ${at} is not NAME=VALUE`);
    lines.push(line);
  }
  return { lines };
}

/** The variables as GRUB sees them; of a name that stands there twice the last counts. */
export function grubenvVariables(block: Grubenv): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const line of block.lines) {
    const name = nameOf(line);
    if (name === null) continue;
    const value = line.slice(name.length + 1, -1).replace(/\\([\s\S])/g, '$1');
    variables.set(fromBytes(name), fromBytes(value));
  }
  return variables;
}

/** All changes at once. A variable keeps its place, a new one comes last; the other lines stay as they are. */
export function editGrubenv(block: Grubenv, change: GrubenvChange): Grubenv {
  let lines = block.lines;
  for (const [name, value] of Object.entries(change)) {
    if (!NAME.test(name)) throw new GoodbootError('GRUBENV_INVALID', `grubenv: "${name}" is not a variable name`);
    const line = value === null ? [] : [`${name}=${toBytes(value).replace(/[\\\n]/g, '\\$&')}\n`];
    const at = lines.findIndex((each) => nameOf(each) === name);
    const others = lines.filter((each) => nameOf(each) !== name);
    lines = at < 0 ? [...others, ...line] : [...others.slice(0, at), ...line, ...others.slice(at)];
  }
  return { lines };
}

/**
 * The block as it goes to the disk, GRUBENV_BYTES long.
 * @throws GoodbootError GRUBENV_FULL
 */
export function serializeGrubenv(block: Grubenv): Buffer {
  const text = SIGNATURE + block.lines.join('');
  if (text.length > GRUBENV_BYTES) {
    throw new GoodbootError('GRUBENV_FULL', `grubenv: ${text.length} bytes wanted, there is room for ${GRUBENV_BYTES}`);
  }
  return Buffer.from(text.padEnd(GRUBENV_BYTES, '#'), 'latin1');
}

/** The variable's name, null for a comment, empty for a line that is neither. */
function nameOf(line: string): string | null {
  return line.startsWith('#') ? null : line.slice(0, Math.max(0, line.indexOf('=')));
}

const fromBytes = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
