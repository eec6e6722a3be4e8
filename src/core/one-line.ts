// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts them
const ESCAPE_SEQUENCE = /\u001b(?:\[[0-9;:?]*[ -/]*[@-~]|[@-Z\\-_])/g;

/**
 * A text of others as one line of at most `most` characters: no line break, no colour, nothing that a terminal obeys.
 * What is cut off leaves an ellipsis.
 */
export function oneLine(text: string, most = Number.POSITIVE_INFINITY): string {
  const letters = [
    ...text
      .replace(ESCAPE_SEQUENCE, '')
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .trim(),
  ];
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most - 1).join('')}…`;
}
