import type { Command } from 'commander';
import { makeScriptLog } from '../../adapters/journald/script-log.ts';
import { makeProcesses } from '../../adapters/process/run.ts';
import { GoodbootError } from '../../core/errors.ts';
import { type Colour, runHooks } from '../../node/hooks.ts';
import { didYouMean } from '../options.ts';
import type { Setup } from '../program.ts';
import { openSession } from '../session.ts';
import { warnOn } from './say-problems.ts';

const COLOURS = ['green', 'red'] as const satisfies readonly Colour[];

/** Adds the hidden `goodboot hooks`: runs the programs in green.d or red.d. */
export function addHooksCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('hooks', { hidden: true })
    .argument('<colour>', 'green or red', colourOf)
    .description('run what is in green.d or red.d (what goodboot-hooks@.service runs)')
    .action(async (colour: Colour) => {
      const session = await openSession('/', warnOn(terminal));
      const say = (line: string) => terminal.out(`${line}\n`);
      const { timeoutMs } = session.config.settings.hooks;
      await runHooks({ ...session, processes: makeProcesses(), scriptLog: makeScriptLog(), say }, colour, timeoutMs);
      // Also when one failed: a failed unit could cost the verdict that is made again.
      done(0);
    });
}

function colourOf(word: string): Colour {
  const colour = COLOURS.find((known) => known === word);
  if (colour !== undefined) return colour;
  throw new GoodbootError('USAGE', `hooks "${word}": green or red was wanted`, didYouMean(word, COLOURS));
}
