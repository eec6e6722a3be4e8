/** Rows as columns, two spaces apart; the last column is not padded. Widths count characters, not bytes. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => width(row[at] ?? ''))));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : pad(cell, widths[at] ?? 0))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** Escape sequences of colours take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts them
const COLOUR = /\u001b\[\d+m/g;
const width = (text: string): number => [...text.replace(COLOUR, '')].length;

export const pad = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)));

/** An ISO 8601 time in UTC without its fractions: `2026-11-21T09:45:11Z`. */
export const shortTime = (time: string): string => `${time.slice(0, 19)}Z`;
