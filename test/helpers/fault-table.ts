import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PAGE = join(resolve(import.meta.dirname, '../..'), 'docs/how-to/when-goodboot-does-not-start.md');

/** A row of the page about goodboot that does not start, or lacks something. */
export interface Fault {
  readonly fault: string;
  /** The line as the page has it: "…" stands for anything. */
  readonly line: RegExp;
}

/** The rows of one of its tables, by the heading above it. */
export function faultsOf(heading: string): readonly Fault[] {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split(`\n## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  return [...text.matchAll(/^\| (?!fault|---)(?<fault>.+?) \| (?<line>.+?) \|.*\|$/gm)].map(({ groups }) => ({
    fault: groups!['fault']!,
    line: new RegExp(groups!['line']!.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')),
  }));
}
