import { appendFileSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Carriage returns and what moves, colours or resets a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_a-z]|\r/g;

/** What one boot says on its serial line, a line at a time: kept in memory, and in a file with the time of each line. */
export class Console {
  readonly #file: string;
  readonly #started = performance.now();
  readonly #listeners = new Set<() => void>();
  #text = '';
  #partial = '';
  #closed = false;

  constructor(stream: Readable, file: string) {
    this.#file = file;
    stream.setEncoding('utf8').on('data', (data: string) => {
      const lines = (this.#partial + data).split('\n');
      this.#partial = lines.pop() ?? '';
      this.#add(lines);
    });
    stream.on('close', () => {
      this.#closed = true;
      this.#add([this.#partial]);
    });
  }

  /** All that was said until now. */
  get text(): string {
    return this.#text;
  }

  /** Waits until the pattern was said in this boot, also before the call. It rejects when the boot ends without it. */
  async waitFor(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const found = pattern.exec(this.#text);
      if (found) resolve(found);
      else if (this.#closed) reject(new Error(`the boot ended without ${pattern}\n${this.tail()}`));
    };
    const late = () => reject(new Error(`no ${pattern} within ${timeoutMs} ms\n${this.tail()}`));
    const timer = setTimeout(late, timeoutMs);
    this.#listeners.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    });
  }

  /** The last lines, for errors. */
  tail(): string {
    return this.#text.split('\n').slice(-40).join('\n');
  }

  #add(lines: readonly string[]): void {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(2).padStart(7);
    for (const line of lines) {
      const plain = line.replace(CONTROL, '');
      this.#text += `${plain}\n`;
      appendFileSync(this.#file, `${seconds} ${plain}\n`);
    }
    for (const listener of this.#listeners) listener();
  }
}
