import type { Command } from 'commander';
import { GoodbootError } from '../../core/errors.ts';
import { ROLLBACK_WHY, type Rollback, rollBack } from '../../node/rollback.ts';
import { openAsRoot } from '../as-root.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { table } from '../render/table.ts';
import { reachSystemd, type Session, trialDeps } from '../session.ts';

/** Bound of the whole: a backend has three tries of two minutes. */
const TIMEOUT_MS = 10 * 60_000;

const DETAILS = `
Makes the deployment to go back to the default of the next boot, and denies the one that is left.
Nothing is rebooted without --apply. A staged update is taken away first; it may come again.

Examples:
  goodboot rollback --dry-run
  goodboot rollback --apply`;

interface Options {
  readonly dryRun?: true;
  readonly apply?: true;
  readonly force?: true;
  readonly deny: boolean;
}

/** Adds `goodboot rollback`: a person goes back by hand. */
export function addRollbackCommand(program: Command, setup: Setup): void {
  program
    .command('rollback')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--apply', 'reboot at once')
    .option('--force', 'go to a deployment that never came up on this node, where there is no other')
    .option('--no-deny', 'let the deployment that is left come again')
    .description('go back to the deployment before, by hand')
    .addHelpText('after', DETAILS)
    .action((options: Options, command: Command) => run(options, setup, command));
}

async function run(options: Options, { terminal, done }: Setup, command: Command): Promise<void> {
  if (rootOf(command) !== '/')
    throw new GoodbootError('USAGE', 'rollback works on the running machine: it takes no --root');
  const session = await openAsRoot(terminal);
  await using systemd = await reachSystemd(session);
  const dryRun = options.dryRun === true;
  const isRebooting = options.apply === true && !dryRun;
  // Before anything is changed: what cannot be applied is not begun.
  if (isRebooting && systemd.manager === null)
    throw systemd.trouble ?? new GoodbootError('SYSTEMD_ABSENT', 'nobody to ask for a reboot');
  const rollback = await rollBack(
    { ...session, ...trialDeps(session) },
    {
      deny: options.deny,
      dryRun,
      force: options.force === true,
      attempts: session.config.settings.trial.attempts,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    },
  );
  const { to, leaves, why, drops, changed, denies } = rollback;
  const json = { apiVersion: 'goodboot/v1', kind: 'Rollback', dryRun, changed, to, leaves, why, drops, denies };
  const rows = await rowsOf(session, rollback, options);
  terminal.answer({ ...json, reboots: options.apply === true }, table(rows));
  if (isRebooting) await systemd.manager?.reboot();
  done(0);
}

async function rowsOf(session: Session, rollback: Rollback, options: Options): Promise<string[][]> {
  const { to, leaves, why, drops, changed, denies } = rollback;
  const [dryRun, apply] = [options.dryRun === true, options.apply === true];
  const runs = (await session.deployments.booted())?.id === to;
  const next = runs
    ? 'it runs already: nothing has to be rebooted'
    : `the next boot starts it${apply ? ', at once' : '; systemctl reboot, or --apply, does it now'}`;
  return [
    [dryRun ? 'would go to' : 'goes to', to],
    ['why', ROLLBACK_WHY[why]],
    ['leaves', `${leaves}${denies ? (dryRun ? ' (would be denied)' : ' (denied)') : ''}`],
    ...(drops === null ? [] : [[dryRun ? 'would drop' : 'dropped', `${drops} (staged; it may come again)`]]),
    ['next', dryRun && !runs ? next.replace('starts', 'would start') : next],
    ...(dryRun ? [['dry run', 'nothing was changed']] : changed ? [] : [['note', 'nothing had to be changed']]),
  ];
}
