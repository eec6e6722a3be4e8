import { type Command, InvalidArgumentError } from 'commander';
import { makeFiles } from '../../adapters/files/files.ts';
import { loadConfig } from '../../config/load.ts';
import { checkTypes } from '../../config/registry.ts';
import { ERRORS, GoodbootError } from '../../core/errors.ts';
import { EVENTS } from '../../core/events.ts';
import { readEvidence } from '../../node/evidence.ts';
import { loadState } from '../../node/state.ts';
import type { Files } from '../../ports/files.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';

/** What a shell can complete that only this machine knows, or that is too much to stand in its script. */
const LISTS = {
  checks: async (files) => {
    const { settings } = await loadConfig(files, checkTypes);
    return [...new Set([...settings.checks.map(({ name }) => name), 'greenboot'])];
  },
  denied: async (files) => (await loadState(files)).denied.map(({ deployment }) => deployment),
  boots: async (files) => (await readEvidence(files)).map(({ id }) => id),
  words: async () => [...Object.keys(ERRORS), ...Object.keys(EVENTS), ...checkTypes.keys()],
} as const satisfies Record<string, (files: Files) => Promise<readonly string[]>>;

/** A shell would expand or run anything else. */
const PLAIN = /^[\w.:@+-]+$/;

/** What `goodboot complete` is asked for. */
export type CompletionList = keyof typeof LISTS;

/** Adds the command that the completions of the shells call. They show nothing where something is wrong. */
export function addCompleteCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('complete', { hidden: true })
    .argument('<list>', Object.keys(LISTS).join(', '), listOf)
    .description('the words that a shell completes, one a line')
    .action(async (list: CompletionList, _options, command: Command) => {
      const words = await known(LISTS[list](makeFiles(rootOf(command))));
      terminal.out(words.flatMap((word) => (PLAIN.test(word) ? `${word}\n` : [])).join(''));
      done(0);
    });
}

async function known(words: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await words;
  } catch (error) {
    if (error instanceof GoodbootError) return [];
    throw error;
  }
}

function listOf(word: string): CompletionList {
  if (Object.hasOwn(LISTS, word)) return word as CompletionList;
  throw new InvalidArgumentError(`one of ${Object.keys(LISTS).join(', ')} was wanted`);
}
