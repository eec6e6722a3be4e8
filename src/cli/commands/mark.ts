import type { Command } from 'commander';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { openLedger } from '../../node/ledger.ts';
import { loadState } from '../../node/state.ts';
import { didYouMean, rootOf } from '../options.ts';
import { enterOwnMounts } from '../own-mounts.ts';
import type { Setup } from '../program.ts';
import { bootLoaderText } from '../render/verdict.ts';
import { openSession, type Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { warnOn } from './say-problems.ts';

export function addMarkCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('mark')
    .argument('<mark>', 'good: stop counting attempts; bad: this boot did not succeed', markOf)
    .description('mark this boot in the boot loader by hand')
    .addHelpText('after', '\nExamples:\n  goodboot mark good\n  goodboot --root /sysroot mark good')
    .action(async (mark: Mark, _options, command: Command) => {
      const root = rootOf(command);
      if (root === '/' && process.getuid?.() !== 0)
        throw new GoodbootError('NEEDS_ROOT', 'mark writes the boot loader');
      const session = await openSession(root, warnOn(terminal));
      const { bootLoader } = session;
      if (!bootLoader.can.mark) {
        throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `${bootLoader.name}: ${bootLoader.detail}`);
      }
      await enterOwnMounts(bootLoader);
      await refuseOtherTrial(session);
      const changed = await bootLoader.apply(mark === 'good' ? { success: true, counter: null } : { success: false });
      if (changed) await remember(session, mark, terminal);
      const state = { name: bootLoader.name, detail: bootLoader.detail, ...(await bootLoader.read()) };
      const json = { apiVersion: 'goodboot/v1', kind: 'Mark', mark, changed, bootLoader: state };
      const told = changed ? `this boot is marked ${mark}` : `this boot was marked ${mark} before: nothing changed`;
      terminal.answer(json, `${told}\n${bootLoaderText(state)}\n`);
      done(0);
    });
}

/** A mark on a boot of another deployment would end the counting of the one that is on trial. */
async function refuseOtherTrial({ root, files, deployments }: Session): Promise<void> {
  if (root !== '/') return;
  const { trial } = await loadState(files);
  if (trial === null || (await deployments.booted())?.id === trial.deployment) return;
  throw new GoodbootError('TRIAL_OPEN', `${trial.deployment} is on trial, and something else is booted`);
}

const MARKS = ['good', 'bad'] as const;
type Mark = (typeof MARKS)[number];

function markOf(word: string): Mark {
  const mark = MARKS.find((known) => known === word);
  if (mark !== undefined) return mark;
  throw new GoodbootError('USAGE', `mark "${word}": good or bad was wanted`, didYouMean(word, MARKS));
}

/** The mark is made: a journal or a ledger that does not take it changes nothing about that (rule 10). */
async function remember({ root, files, clock, journal, boot, bootLoader }: Session, mark: Mark, terminal: Terminal) {
  // The journal is that of the running machine.
  if (root === '/') {
    journal.event(`boot-marked-${mark}`, { GOODBOOT_BOOT_LOADER: bootLoader.name, GOODBOOT_BY: 'operator' });
  }
  try {
    const ledger = await openLedger(files, clock);
    await ledger.append({ event: 'mark', bootId: boot.id, mark, by: 'operator', result: 'done' });
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    warnOn(terminal)(`the mark is made, but not recorded: ${messageOf(error)} [${error.code}]`);
  }
}
