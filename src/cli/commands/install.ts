import type { Command } from 'commander';
import { detectBootLoader } from '../../adapters/boot-loader/detect.ts';
import { applyFragment, planFragment } from '../../adapters/boot-loader/fragment.ts';
import { forgetGoodboot } from '../../adapters/boot-loader/grub.ts';
import { copyInto } from '../../adapters/files/copy-in.ts';
import { makeFiles } from '../../adapters/files/files.ts';
import { sameBytesIn, startOfFile } from '../../adapters/files/same-bytes.ts';
import { openPackage } from '../../adapters/package/package.ts';
import { makeProcesses } from '../../adapters/process/run.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { enabledUnits, PREFIXES, PRESET, type Prefix } from '../../core/package/layout.ts';
import { HEADER_BYTES, machineOfNode } from '../../core/package/program-header.ts';
import { activate, deactivate, forget, handOver } from '../../node/install/activate.ts';
import { changesOf, install, labelledOf, newUnits, notePreset, planInstall } from '../../node/install/install.ts';
import { IMAGE_PROGRAM, planUninstall, uninstall } from '../../node/install/uninstall.ts';
import { loadState } from '../../node/state.ts';
import type { Files } from '../../ports/files.ts';
import type { Package } from '../../ports/package.ts';
import { didYouMean, rootOf } from '../options.ts';
import { enterOwnMounts } from '../own-mounts.ts';
import type { Setup } from '../program.ts';
import { VERSION_NUMBER } from '../version.ts';
import { warnOn } from './say-problems.ts';

const INSTALL_DETAILS = `
The running system is changed below /usr/local and /etc, also where /usr is read-only. Its units
are enabled and started. Another root gets the files as a part of its image, below /usr, and its
preset enables them. Done again it changes nothing; a newer goodboot replaces an older one, and a
trial that is under way goes on.

Examples:
  goodboot install --dry-run
  goodboot install
  goodboot --root $DESTDIR install
  goodboot --root /mnt install --from ../goodboot-aarch64`;

const UNINSTALL_DETAILS = `
The ledger stays, and so does what you wrote yourself below /etc/goodboot.

Examples:
  goodboot uninstall --dry-run
  goodboot uninstall`;

interface InstallOptions {
  readonly prefix?: string;
  readonly from?: string;
  readonly start: boolean;
  readonly dryRun?: true;
}

/** Adds `goodboot install` and `goodboot uninstall`. */
export function addInstallCommands(program: Command, setup: Setup): void {
  program
    .command('install')
    .option('--prefix <dir>', 'where to: /usr (a part of the image) or /usr/local (beside it)')
    .option('--from <dir>', 'the directory with the programs, when they are of another architecture')
    .option('--no-start', 'enable the units, and do not start them')
    .option('--dry-run', 'say what would be changed, and change nothing')
    .description('install this goodboot: its executable, units and texts')
    .addHelpText('after', INSTALL_DETAILS)
    .action((options: InstallOptions, command: Command) => runInstall(options, setup, command));
  program
    .command('uninstall')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .description('take goodboot out again')
    .addHelpText('after', UNINSTALL_DETAILS)
    .action((options: { dryRun?: true }, command: Command) => runUninstall(options, setup, command));
}

async function runInstall(options: InstallOptions, { terminal, done }: Setup, command: Command): Promise<void> {
  const root = rootOf(command);
  const dryRun = options.dryRun === true;
  const prefix = prefixOf(options.prefix ?? (root === '/' ? '/usr/local' : '/usr'));
  needRoot(root, dryRun, 'install changes units and programs; --dry-run only looks');
  const files = makeFiles(root);
  const source = openPackage();
  const deps = {
    files,
    source,
    programs: programsOf(source, options),
    same: sameBytesIn(files),
    copyIn: copyInto(files),
    startOf: (from: string) => startOfFile(from, HEADER_BYTES),
    machine: root === '/' ? machineOfNode(process.arch) : null,
  };
  const plan = await planInstall(deps, prefix, VERSION_NUMBER);
  const changes = changesOf(plan);
  const units = enabledUnits(source.text(PRESET));
  if (prefix !== '/usr' && (await files.info(IMAGE_PROGRAM)) !== null) {
    warnOn(terminal)(
      'the image has goodboot too. The units in /etc take the place of its own, also after updates: goodboot uninstall ends that',
    );
  }
  if (!dryRun) {
    const fresh = await newUnits(files, plan, units);
    await install(deps, plan);
    if (root === '/') {
      const paths = labelledOf(plan);
      const isActive = await activate(
        { files, processes: makeProcesses(), warn: warnOn(terminal) },
        { units, fresh, paths, start: options.start },
      );
      if (isActive) await notePreset(files, prefix, units);
    }
  }
  const next = root === '/' ? ['goodboot install-grub', 'goodboot doctor'] : [];
  const json = {
    apiVersion: 'goodboot/v1',
    kind: 'Installation',
    version: VERSION_NUMBER,
    prefix,
    dryRun,
    changes,
    next,
  };
  const lines = dryRun ? changes.map(({ path, change }) => `would ${change} ${path}\n`).join('') : '';
  const what = `goodboot ${VERSION_NUMBER} ${dryRun ? 'would be' : 'is'} installed in ${prefix}`;
  const how = changes.length === 0 ? 'nothing to change' : `${changes.length} changes`;
  const trial = root === '/' && !dryRun ? await trialNote(files) : '';
  const hint = next.length === 0 || dryRun ? '' : `next: ${next.join('; ')}\n`;
  terminal.answer(json, `${lines}${what}: ${how}\n${trial}${hint}`);
  done(0);
}

async function runUninstall(
  options: { readonly dryRun?: true },
  { terminal, done }: Setup,
  command: Command,
): Promise<void> {
  const dryRun = options.dryRun === true;
  const root = rootOf(command);
  needRoot(root, dryRun, 'uninstall changes units and programs; --dry-run only looks');
  const [files, source, processes, warn] = [makeFiles(root), openPackage(), makeProcesses(), warnOn(terminal)];
  const plan = await planUninstall(files, source);
  // The goodboot of the image goes on to count and to judge.
  const fragment = plan.isInImage ? [] : await planFragment(files, null);
  const units = enabledUnits(source.text(PRESET));
  const deps = { files, processes, warn };
  if (!dryRun && plan.isInImage) {
    await uninstall(files, plan);
    if (root === '/') await handOver(deps, units);
  } else if (!dryRun) {
    const bootLoader = await detectBootLoader(files, processes, 'auto', warn);
    if (bootLoader.name === 'grub') {
      await enterOwnMounts(bootLoader);
      await applyFragment(fragment, { files, processes, warn });
      // Nobody reads them any more: what is left of them does no harm.
      await forgetGoodboot({ path: bootLoader.detail, files, processes, warn }).catch((error) =>
        warn(messageOf(error)),
      );
    }
    if (root === '/') await deactivate(deps, units);
    await uninstall(files, plan);
    if (root === '/') await forget(deps);
  }
  const removed = [...fragment.map(({ path }) => path), ...plan.paths];
  const json = { apiVersion: 'goodboot/v1', kind: 'Uninstallation', dryRun, removed, kept: plan.kept };
  const lines = dryRun ? removed.map((path) => `would remove ${path}\n`).join('') : '';
  const kept = plan.kept.map((path) => `kept ${path}\n`).join('');
  const what =
    removed.length === 0 ? 'goodboot is not installed here' : `goodboot ${dryRun ? 'would be' : 'is'} taken out`;
  const image = plan.isInImage ? `that of the image ${dryRun ? 'would go' : 'goes'} on\n` : '';
  terminal.answer(json, `${lines}${kept}${what}\n${image}`);
  done(0);
}

function needRoot(root: string, dryRun: boolean, why: string): void {
  if (root === '/' && !dryRun && process.getuid?.() !== 0) throw new GoodbootError('NEEDS_ROOT', why);
}

function prefixOf(word: string): Prefix {
  const prefix = PREFIXES.find((each) => each === word);
  if (prefix !== undefined) return prefix;
  throw new GoodbootError('USAGE', `--prefix ${word}: ${PREFIXES.join(' or ')} was wanted`, didYouMean(word, PREFIXES));
}

function programsOf(source: Package, { from }: InstallOptions): string {
  const programs = from ?? source.programs;
  if (programs !== null) return programs;
  throw new GoodbootError('USAGE', 'this goodboot runs out of a checkout, and its executable is not built', {
    hint: 'npm run build:executable; or --from DIRECTORY',
  });
}

/** All is installed by now: what cannot be told of a trial is said, and is no failure. */
async function trialNote(files: Files): Promise<string> {
  try {
    const { trial } = await loadState(files);
    return trial === null ? '' : `${trial.deployment} is on trial, and stays so\n`;
  } catch (error) {
    return `it cannot be told whether a deployment is on trial: ${messageOf(error)}\n`;
  }
}
