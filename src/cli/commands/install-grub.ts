import type { Command } from 'commander';
import { detectBootLoader } from '../../adapters/boot-loader/detect.ts';
import { applyFragment, fragmentState, planFragment } from '../../adapters/boot-loader/fragment.ts';
import { makeFiles } from '../../adapters/files/files.ts';
import { openPackage } from '../../adapters/package/package.ts';
import { makeProcesses } from '../../adapters/process/run.ts';
import { GoodbootError } from '../../core/errors.ts';
import { GRUB_FRAGMENT } from '../../core/package/layout.ts';
import { rootOf } from '../options.ts';
import { enterOwnMounts } from '../own-mounts.ts';
import type { Setup } from '../program.ts';
import { warnOn } from './say-problems.ts';

const DETAILS = `
New disks get it from bootupd. Here it is written beside grub.cfg, and read by a block at the end
of custom.cfg or user.cfg.

Examples:
  goodboot install-grub --dry-run
  goodboot install-grub
  goodboot --root /sysroot install-grub --remove`;

/** Adds `goodboot install-grub`: lets the GRUB of an installed system count the boots of a trial. */
export function addInstallGrubCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('install-grub')
    .option('--remove', 'take it out again')
    .option('--dry-run', 'say what would be changed, and change nothing')
    .description('let GRUB count the boots of a trial: install or update the counting fragment')
    .addHelpText('after', DETAILS)
    .action(async (options: { remove?: true; dryRun?: true }, command: Command) => {
      const root = rootOf(command);
      const [files, processes] = [makeFiles(root), makeProcesses()];
      const warn = warnOn(terminal);
      if (root === '/' && process.getuid?.() !== 0)
        throw new GoodbootError('NEEDS_ROOT', 'install-grub looks into /boot');
      const dryRun = options.dryRun === true;
      const changes = await planFragment(files, options.remove ? null : openPackage().text(GRUB_FRAGMENT));
      if (!dryRun && changes.length > 0) {
        await enterOwnMounts(await detectBootLoader(files, processes, 'grub', warn));
        await applyFragment(changes, { files, processes, warn });
      }
      const state = await fragmentState(files);
      const told = changes.map(({ path, content }) => ({ path, change: content === null ? 'remove' : 'write' }));
      const lines = told.map(({ path, change }) => `${dryRun ? 'would ' : ''}${change} ${path}\n`).join('');
      const end = changes.length === 0 ? `nothing to change: the fragment is ${state}\n` : '';
      const json = { apiVersion: 'goodboot/v1', kind: 'GrubFragment', state, dryRun, changes: told };
      terminal.answer(json, lines + end);
      done(0);
    });
}
