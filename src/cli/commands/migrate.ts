import type { Command } from 'commander';
import { makeFiles } from '../../adapters/files/files.ts';
import { ownExecutable } from '../../adapters/package/package.ts';
import { connectServiceManager } from '../../adapters/systemd/service-manager.ts';
import { GoodbootError } from '../../core/errors.ts';
import { type Change, differences, wantedPlaces } from '../../core/greenboot/migration.ts';
import type { Selection } from '../../core/greenboot/scripts.ts';
import { dataDirectory } from '../../core/package/layout.ts';
import { apply, changesTo, isMigrated, revert, type Told, toldOf, undoing } from '../../node/greenboot/migrate.ts';
import { type Surveyed, surveyGreenboot } from '../../node/greenboot/survey.ts';
import type { Files } from '../../ports/files.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';

const DETAILS = `
Nothing of greenboot is removed, and no script is changed. --revert puts back what was there.

Examples:
  goodboot migrate greenboot --dry-run
  goodboot migrate greenboot
  goodboot --root /sysroot migrate greenboot
  goodboot migrate greenboot --revert`;

interface Options {
  readonly dryRun?: true;
  readonly revert?: true;
}

/** Adds `goodboot migrate greenboot`: lets goodboot run the scripts of greenboot, in its place. */
export function addMigrateCommands(program: Command, setup: Setup): void {
  program
    .command('migrate')
    .description('take over from another program')
    .addHelpText('after', '\nExamples:\n  goodboot migrate greenboot --dry-run')
    .command('greenboot')
    .option('--dry-run', 'say what was found and what would be changed, and change nothing')
    .option('--revert', 'put back what was there before')
    .description('run the scripts of greenboot as they are, disable its units, and keep the names that others look at')
    .addHelpText('after', DETAILS)
    .action((options: Options, command: Command) => migrate(options, setup, command));
}

async function migrate(options: Options, { terminal, done }: Setup, command: Command): Promise<void> {
  const root = rootOf(command);
  const dryRun = options.dryRun === true;
  if (root === '/' && !dryRun && process.getuid?.() !== 0) {
    throw new GoodbootError('NEEDS_ROOT', 'migrate changes units and configuration; --dry-run only looks');
  }
  const files = makeFiles(root);
  const found = await surveyGreenboot(files);
  const { changes, kept } = options.revert
    ? await undoing(files)
    : {
        changes: await changesTo(files, wantedPlaces(found.survey, `${dataDirectory(ownExecutable())}/greenboot`)),
        kept: [],
      };
  if (!dryRun && (changes.length > 0 || options.revert)) {
    await (options.revert ? revertAll(files, changes) : apply(files, changes));
    if (root === '/') await reload();
  }
  const told: readonly Told[] = [...changes.map(toldOf), ...kept.map((path) => ({ path, change: 'kept' as const }))];
  const { survey, selections, notes } = found;
  const json = {
    apiVersion: 'goodboot/v1',
    kind: 'Migration',
    from: 'greenboot',
    direction: options.revert ? 'revert' : 'migrate',
    dryRun,
    found: { greenboot: survey.greenboot, enabled: survey.enabled.map(({ path }) => path), grubenv: survey.grubenv },
    scripts: Object.values(selections).flatMap(({ scripts }) => scripts),
    notRun: Object.values(selections).flatMap(({ notRun }) => notRun),
    notes,
    differences: options.revert ? [] : differences(survey),
    changes: told,
  };
  const text = options.revert ? '' : surveyText(found);
  terminal.answer(json, text + changesText(told, dryRun));
  done(0);
}

async function revertAll(files: Files, changes: readonly Change[]): Promise<void> {
  if (await isMigrated(files)) await revert(files, changes);
}

/** systemd reads the changed units again; where it is not PID 1 nobody has read them yet. */
async function reload(): Promise<void> {
  try {
    await using manager = await connectServiceManager();
    await manager.reload();
  } catch (error) {
    if (!(error instanceof GoodbootError) || error.code !== 'SYSTEMD_ABSENT') throw error;
  }
}

const FLAVOURS = {
  shell: 'greenboot is installed',
  rs: 'greenboot-rs is installed',
  none: 'greenboot is not installed; only its directories count',
} as const;

function surveyText({ survey, selections, notes }: Surveyed): string {
  const { enabled, settings } = survey;
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? '' : `${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  const scripts = (name: string, { scripts: found }: Selection) =>
    list(
      name,
      found.map(({ path, kind, broken }) => `${kind}  ${path}${broken === null ? '' : ` (${broken})`}`),
    );
  const notRun = Object.values(selections).flatMap((each) => each.notRun);
  const attempts = settings.maxBootAttempts === null ? '' : `attempts: ${settings.maxBootAttempts}\n`;
  return [
    `${FLAVOURS[survey.greenboot]}\n`,
    list(
      'enabled units, which will be disabled',
      enabled.map(({ path }) => path),
    ),
    attempts,
    scripts('runs as a check', selections.check),
    scripts('runs after a good verdict', selections.green),
    scripts('runs after a bad verdict', selections.red),
    list(
      'does not run',
      notRun.map(({ path, why }) => `${path}: ${why}`),
    ),
    list('to look at', notes),
    list('differs', differences(survey)),
  ].join('');
}

function changesText(told: readonly Told[], dryRun: boolean): string {
  if (told.length === 0) return 'nothing to change\n';
  return told
    .map(({ path, change }) =>
      change === 'kept' ? `kept ${path}: changed by somebody since\n` : `${dryRun ? 'would ' : ''}${change} ${path}\n`,
    )
    .join('');
}
