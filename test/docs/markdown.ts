/** A fenced block of a page: the language, the words behind it, the text, and the line of its first fence. */
export interface Fence {
  readonly language: string;
  readonly marks: readonly string[];
  readonly text: string;
  readonly line: number;
}

const FENCE = /^```(?<info>[^\n`]*)\n(?<text>[\s\S]*?)^```$/gm;

export const fencesOf = (page: string): readonly Fence[] =>
  [...page.matchAll(FENCE)].map(({ groups, index }) => {
    const [language = '', ...marks] = groups!['info']!.trim().split(/\s+/);
    return { language, marks, text: groups!['text']!, line: page.slice(0, index).split('\n').length };
  });

/** The page without fenced blocks and code in lines: what is left is prose and links. */
const prose = (page: string): string => page.replace(FENCE, '').replace(/`[^`\n]*`/g, '');

/** Targets of links and pictures. */
export const linksOf = (page: string): readonly string[] =>
  [...prose(page).matchAll(/\]\((?<target>[^)\s]+)\)|<(?:img|a)[^>]*\s(?:src|href)="(?<other>[^"]+)"/g)].map(
    ({ groups }) => groups!['target'] ?? groups!['other']!,
  );

/** The anchors that a forge makes of the headings. */
export const anchorsOf = (page: string): readonly string[] =>
  [...page.replace(FENCE, '').matchAll(/^#+ (?<heading>.*)$/gm)].map(({ groups }) =>
    groups!
      ['heading']!.toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

/** Every command line that calls one of the programs, in code in lines, in shell blocks, and in "quotes". */
export function callsOf(page: string, program: string): readonly (readonly string[])[] {
  const inLines = [...page.replace(FENCE, '').matchAll(/`(?<code>[^`\n]+)`|"(?<quote>[^"\n]+)"/g)].map(
    ({ groups }) => groups!['code'] ?? groups!['quote']!,
  );
  const inBlocks = fencesOf(page)
    .filter(({ language }) => ['console', 'sh'].includes(language))
    .flatMap(({ text }) => text.split('\n'))
    .flatMap((line) => line.split(/[;|&]+/));
  return [...inLines, ...inBlocks].flatMap((text) => {
    const words = text
      .trim()
      .replace(/^\$ /, '')
      .replace(/^(sudo|npx) /, '')
      .split(/\s+/);
    return words[0] === program ? [words.slice(1)] : [];
  });
}

/** What a page has its reader do: write a file, patch the checkout, or type a command and see what it prints. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'patch'; readonly text: string }
  | { readonly kind: 'type'; readonly command: string; readonly printed: string; readonly line: number };

/** The steps of the blocks marked `file=PATH`, `apply` (a diff) and `run` (a console session). */
export const stepsOf = (page: string): readonly Step[] =>
  fencesOf(page).flatMap(({ marks, text, line }): readonly Step[] => {
    const path = marks.find((mark) => mark.startsWith('file='))?.slice('file='.length);
    if (path !== undefined) return [{ kind: 'write', path, text }];
    if (marks.includes('apply')) return [{ kind: 'patch', text }];
    if (!marks.includes('run')) return [];
    return text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return { kind: 'type', command: part.slice(0, end), printed: part.slice(end + 1), line };
      });
  });
