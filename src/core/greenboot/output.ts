/** A line that a script wrote, with the priority that it gave it (`<3>` in front, as systemd reads it). */
export interface OutputLine {
  readonly text: string;
  readonly priority: number;
}

/** Kept of each stream: its last words. */
const TAIL_CHARACTERS = 2048;
/** journald's own LineMax=. */
const LINE_CHARACTERS = 48 * 1024;
const LONGEST_QUOTE = 160;
const INFO = 6;

/** Control sequences of terminals: colours, titles, cursor movements. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be taken out
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]+/g;

/** One output stream of a script: its lines as they come, and the end of it all. */
export class ScriptOutput {
  readonly #decoder = new TextDecoder();
  readonly #tell: (line: OutputLine) => void;
  #pending = '';
  #tail = '';

  constructor(tell: (line: OutputLine) => void) {
    this.#tell = tell;
  }

  add(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true });
    this.#tail = (this.#tail + text).slice(-TAIL_CHARACTERS);
    const lines = (this.#pending + text).split('\n');
    this.#pending = lines.pop() ?? '';
    for (const line of lines) this.#tellOne(line);
    if (this.#pending.length <= LINE_CHARACTERS) return;
    this.#tellOne(this.#pending);
    this.#pending = '';
  }

  /** The last line need not end. */
  end(): void {
    if (this.#pending !== '') this.#tellOne(this.#pending);
    this.#pending = '';
  }

  /** The end of what was said, fit for people. */
  tail(): string {
    return plain(this.#tail.toWellFormed());
  }

  /** The last line that says something, fit for a sentence; null when there is none. */
  lastLine(): string | null {
    const line = this.tail()
      .split('\n')
      .map((text) => text.replace(/^<[0-7]>/, '').trim())
      .findLast((text) => text !== '');
    if (line === undefined) return null;
    const letters = [...line];
    return letters.length <= LONGEST_QUOTE ? line : `${letters.slice(0, LONGEST_QUOTE - 1).join('')}\u2026`;
  }

  #tellOne(line: string): void {
    const [, priority, rest] = /^<([0-7])>(.*)$/s.exec(line) ?? [];
    const text = plain(rest ?? line).trimEnd();
    if (text !== '') this.#tell({ text, priority: priority === undefined ? INFO : Number(priority) });
  }
}

/** What comes after a carriage return is a line of its own: progress bars overwrite themselves. */
const plain = (text: string): string =>
  text
    .replace(ESCAPES, '')
    .replaceAll(/\r+\n?/g, '\n')
    .replace(CONTROL, ' ');
