import { stripVTControlCharacters } from 'node:util';

const LONGEST_QUOTE = 160;

/** The last line that says something, fit for a sentence: no control characters, not long. Null when there is none. */
export function lastLine(output: string): string | null {
  const lines = stripVTControlCharacters(output).split(/[\r\n]+/);
  const line = lines.map((text) => text.replace(/\p{C}+/gu, ' ').trim()).findLast((text) => text !== '');
  if (line === undefined) return null;
  const letters = [...line];
  return letters.length <= LONGEST_QUOTE ? line : `${letters.slice(0, LONGEST_QUOTE - 1).join('')}…`;
}

/** At most the last `maxBytes` bytes of a text, cut between characters. */
export function tail(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let from = bytes.length - maxBytes;
  // Bytes 10xxxxxx go on with a character that began before.
  while (from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from += 1;
  return bytes.subarray(from).toString();
}
