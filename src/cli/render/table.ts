/** Rows as columns, two spaces apart; the last column is not padded. Widths count characters, not bytes. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, width(cell))));
  return rows.map((row) => `${row.map((cell, at) => pad(cell, at === row.length - 1 ? 0 : widths[at]!)).join('  ')}`.trimEnd()).map((line) => `${line}\n`).join('');
}

/** Escape sequences of colours take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts them
const COLOUR = /\u001b\[\d+m/g;
const width = (text: string): number => [...text.replace(COLOUR, '')].length;

export const pad = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)));
