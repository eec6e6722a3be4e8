import type { Command } from 'commander';
import type { Logger } from 'pino';
import { formatProblem } from '../../config/problem.ts';
import { formatDuration } from '../../core/duration.ts';
import { ERRORS, GoodbootError } from '../../core/errors.ts';
import type { CheckResult } from '../../core/outcome.ts';
import { VERDICT_EXIT, type VerdictReport } from '../../core/verdict-report.ts';
import { announceProblems, announceResult } from '../../node/announce.ts';
import { conclude } from '../../node/conclude.ts';
import { makeTrialEffects } from '../../node/end-trial.ts';
import { openLedger } from '../../node/ledger.ts';
import { regressionReboots } from '../../node/record.ts';
import { judgeBoot } from '../../node/verdict.ts';
import { readVerdict } from '../../node/verdict-file.ts';
import { openLog } from '../log.ts';
import { rootOf } from '../options.ts';
import { enterOwnMounts } from '../own-mounts.ts';
import type { Setup } from '../program.ts';
import { checkLine, nameWidthOf } from '../render/checks.ts';
import { verdictText } from '../render/verdict.ts';
import { checkRunnerOf, openSession, reachSystemd, type Session, type Systemd, trialDeps } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { sayProblems } from './say-problems.ts';

/** The dead-man leaves a boot alone that is watched. */
const SOAKING = '/run/goodboot/soaking';
/** More than one round of a soak can take. */
const SOAK_ROUND_USEC = 20 * 60_000_000;

interface Options {
  readonly dryRun?: true;
}

export function addVerdictCommand(program: Command, setup: Setup): void {
  program
    .command('verdict')
    .option('--dry-run', 'judge, say what would be done, and change nothing')
    .description('run every check, judge this boot, and act on it (what goodboot-verdict.service runs)')
    .addHelpText(
      'after',
      '\nExamples:\n  goodboot verdict --dry-run\n  goodboot verdict --dry-run --json\n\nExit status: 0 good, 20 bad, 21 could not tell.',
    )
    .action((options: Options, command: Command) => verdict(options, setup, command));
}

async function verdict({ dryRun = false }: { dryRun?: boolean }, setup: Setup, command: Command): Promise<void> {
  const { terminal, done } = setup;
  if (rootOf(command) !== '/')
    throw new GoodbootError('USAGE', 'verdict judges the running machine: it takes no --root');
  if (!dryRun && process.getuid?.() !== 0)
    throw new GoodbootError('NEEDS_ROOT', 'verdict marks the boot; --dry-run judges only');
  const log = await openLog();
  const session = await openSession('/', (sentence) => log.warn(sentence));
  if (!dryRun) await enterOwnMounts(session.bootLoader);
  const { config, journal } = session;
  sayProblems(config, terminal);
  log.debug({ files: config.sources, bootLoader: session.bootLoader.detail }, 'the configuration is read');
  const told = config.problems.map((problem) => ({ ...problem, message: formatProblem(problem) }));
  if (!dryRun) announceProblems(journal, told);

  await using systemd = await reachSystemd(session);
  // One that is damaged says nothing of the boot before this verdict.
  const before = await readVerdict(session.files).catch(() => null);
  const report = await judge(session, systemd, { dryRun, terminal, log });
  terminal.answer(report, verdictText(report, terminal));
  if (!dryRun) {
    await conclude({ ...session, manager: systemd.manager, warn: (sentence) => log.warn(sentence) }, report, before);
  }
  const lost = report.actions.some(({ result }) => result === 'failed') && report.bootLoader.counter !== null;
  // The boot loader goes on counting down on a boot that is good: whoever waits for a good boot must not go on.
  done(lost ? ERRORS.GRUBENV_UNWRITABLE.exit : VERDICT_EXIT[report.verdict]);
}

async function judge(
  session: Session,
  systemd: Systemd,
  { dryRun, terminal, log }: { readonly dryRun: boolean; readonly terminal: Terminal; readonly log: Logger },
): Promise<VerdictReport> {
  const { settings, problems } = session.config;
  const nameWidth = nameWidthOf(settings.checks);
  const onResult = (result: CheckResult) => {
    log.debug({ result }, `check ${result.name} ended`);
    if (!terminal.json) terminal.out(checkLine(result, nameWidth, terminal));
    if (!dryRun) announceResult(session.journal, result);
  };
  return judgeBoot(
    {
      ...session,
      runner: await checkRunnerOf(session, systemd),
      effects: dryRun ? null : { journal: session.journal, trial: makeTrialEffects(trialDeps(session)) },
    },
    {
      checks: settings.checks,
      policy: {
        soak: settings.trial.soakMs > 0,
        onRegression: settings.onRegression,
        regressionReboots: settings.trial.attempts,
      },
      regressionReboots: settings.onRegression === 'reboot' ? await rebootsSoFar(session) : 0,
      deadlineMs: settings.trial.deadlineMs,
      problems: problems.map((problem) => ({ code: problem.code, message: formatProblem(problem) })),
      soakMs: settings.trial.soakMs,
      onSoak: (leftMs) => soaking(session, leftMs, log),
      onResult,
    },
  );
}

/** Says that the verdict is not over: to systemd, to the dead-man, and to people. */
async function soaking({ files }: Session, leftMs: number, log: Logger): Promise<void> {
  log.info(`the required checks are repeated for another ${formatDuration(leftMs)}`);
  await files.replace(SOAKING, '');
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const { notify } = await import('../../adapters/journald/libsystemd.ts');
  notify(`EXTEND_TIMEOUT_USEC=${SOAK_ROUND_USEC}\nSTATUS=on trial, watched for another ${formatDuration(leftMs)}`);
}

/** A ledger that cannot be read counts as the bound: without a memory, a reboot could be one of an endless row. */
async function rebootsSoFar({ files, clock }: Session): Promise<number> {
  try {
    return regressionReboots((await openLedger(files, clock)).records);
  } catch (error) {
    if (error instanceof GoodbootError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
