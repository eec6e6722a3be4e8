import { Argument, type Command } from 'commander';
import { GoodbootError } from '../../core/errors.ts';
import { openLedger } from '../../node/ledger.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { bootLoaderText } from '../render/verdict.ts';
import { openSession } from '../session.ts';

export function addMarkCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('mark')
    .addArgument(
      new Argument('<mark>', 'good: stop counting attempts; bad: this boot did not succeed').choices(['good', 'bad']),
    )
    .description('mark this boot in the boot loader by hand')
    .addHelpText('after', '\nExamples:\n  goodboot mark good\n  goodboot --root /sysroot mark good')
    .action(async (mark: 'good' | 'bad', _options, command: Command) => {
      const session = await openSession(rootOf(command), (message) => terminal.err(`${message}\n`));
      const { bootLoader, journal } = session;
      if (!bootLoader.can.mark) {
        throw new GoodbootError('BOOT_LOADER_UNSUPPORTED', `${bootLoader.name}: ${bootLoader.detail}`);
      }
      const changed = await bootLoader.apply(mark === 'good' ? { success: true, counter: null } : { success: false });
      const state = { name: bootLoader.name, detail: bootLoader.detail, ...(await bootLoader.read()) };
      if (changed) {
        const ledger = await openLedger(session.files, session.clock);
        await ledger.append({ event: 'mark', bootId: session.boot.id, mark, by: 'operator', result: 'done' });
        journal.event(`boot-marked-${mark}`, { GOODBOOT_BOOT_LOADER: bootLoader.name, GOODBOOT_BY: 'operator' });
      }
      const json = { apiVersion: 'goodboot/v1', kind: 'Mark', mark, changed, bootLoader: state };
      const told = changed ? `this boot is marked ${mark}` : `this boot was marked ${mark} before: nothing changed`;
      terminal.answer(json, `${told}\n${bootLoaderText(state)}\n`);
      done(0);
    });
}
