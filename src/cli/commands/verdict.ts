import type { Command } from 'commander';
import type { Logger } from 'pino';
import { formatProblem } from '../../config/problem.ts';
import { formatDuration } from '../../core/duration.ts';
import { ERRORS, GoodbootError, messageOf } from '../../core/errors.ts';
import type { LedgerRecord } from '../../core/ledger.ts';
import type { CheckResult } from '../../core/outcome.ts';
import { type Problem, VERDICT_EXIT, type VerdictReport } from '../../core/verdict-report.ts';
import { announceProblems, announceResult } from '../../node/announce.ts';
import { conclude } from '../../node/conclude.ts';
import { makeTrialEffects } from '../../node/end-trial.ts';
import { openLedger } from '../../node/ledger.ts';
import { WATCHED } from '../../node/outlook.ts';
import { regressionReboots } from '../../node/record.ts';
import { judgeBoot } from '../../node/verdict.ts';
import { openLog } from '../log.ts';
import { rootOf } from '../options.ts';
import { enterOwnMounts } from '../own-mounts.ts';
import { askForTime, keepTime } from '../patience.ts';
import type { Setup } from '../program.ts';
import { makeProgress } from '../progress.ts';
import { checkLine, nameWidthOf } from '../render/checks.ts';
import { verdictText } from '../render/verdict.ts';
import { checkRunnerOf, openSession, reachSystemd, type Session, type Systemd, trialDeps } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { sayProblems } from './say-problems.ts';

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
  if (!dryRun) {
    const { files } = session;
    const { trial } = config.settings;
    await askForTime(files, trial.deadlineMs, 'this boot is being judged').catch(() => undefined);
    await keepTime(files, trial).catch((error) =>
      log.warn(`a daemon-reload may end this verdict: ${messageOf(error)}`),
    );
  }

  await using systemd = await reachSystemd(session);
  const records = await remembered(session);
  const lostLoader = lostBootLoader(session, records);
  const report = await judge(session, systemd, { dryRun, terminal, log, records, lostLoader });
  terminal.answer(report, verdictText(report, terminal));
  if (!dryRun) {
    await conclude({ ...session, manager: systemd.manager, warn: (sentence) => log.warn(sentence) }, report);
  }
  const unmarked = report.actions.some(({ action, result }) => action.kind === 'mark-good' && result === 'failed');
  const isCounting =
    report.bootLoader.counter !== null || report.problems.some(({ code }) => code === 'GRUBENV_UNREADABLE');
  const lost = lostLoader !== null || (unmarked && isCounting);
  // The boot loader goes on counting down on a boot that is good: whoever waits for a good boot must not go on.
  done(lost ? ERRORS.GRUBENV_UNWRITABLE.exit : VERDICT_EXIT[report.verdict]);
}

interface JudgeOptions {
  readonly dryRun: boolean;
  readonly terminal: Terminal;
  readonly log: Logger;
  /** What the ledger holds; null: it cannot be read. */
  readonly records: readonly LedgerRecord[] | null;
  readonly lostLoader: Problem | null;
}

async function judge(
  session: Session,
  systemd: Systemd,
  { dryRun, terminal, log, records, lostLoader }: JudgeOptions,
): Promise<VerdictReport> {
  const { settings, problems } = session.config;
  const nameWidth = nameWidthOf(settings.checks);
  const linesOf = (result: CheckResult) => checkLine(result, nameWidth, terminal);
  using progress = makeProgress({ terminal, clock: session.clock, linesOf });
  const onResult = (result: CheckResult) => {
    // Where there is no journal, both go to stderr.
    progress.aside(() => {
      log.debug({ result }, `check ${result.name} ended`);
      if (!dryRun) announceResult(session.journal, result);
    });
    progress.ended(result);
  };
  progress.expect(settings.checks);
  return await judgeBoot(
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
      // Without a memory, a reboot could be one of an endless row.
      regressionReboots: records === null ? Number.POSITIVE_INFINITY : regressionReboots(records),
      deadlineMs: settings.trial.deadlineMs,
      problems: [
        ...problems.map((problem) => ({ code: problem.code, message: formatProblem(problem) })),
        ...(lostLoader === null ? [] : [lostLoader]),
      ],
      soakMs: settings.trial.soakMs,
      onSoak: async (leftMs) => {
        log.info(`the required checks are repeated for another ${formatDuration(leftMs)}`);
        // Bounded by the unit all the same, and no reason to lose a trial that passes.
        await askForTime(session.files, settings.trial.deadlineMs, WATCHED).catch(() => undefined);
      },
      onStart: progress.started,
      onResult,
    },
  );
}

/** Null: it cannot be read. */
async function remembered({ files, clock }: Session): Promise<readonly LedgerRecord[] | null> {
  try {
    return (await openLedger(files, clock)).records;
  } catch (error) {
    if (error instanceof GoodbootError) return null;
    throw error;
  }
}

/**
 * A /boot that is not mounted looks like a machine without a boot loader, while the boot loader goes on counting. It may
 * have been so in the boots before, too.
 */
function lostBootLoader(session: Session, records: readonly LedgerRecord[] | null): Problem | null {
  const last = records?.findLast((record) => record.event === 'boot' && record.bootLoader !== 'noop');
  if (session.bootLoader.name !== 'noop' || session.config.settings.bootLoader !== 'auto') return null;
  if (session.boot.startedBy !== 'boot-loader' || last?.event !== 'boot' || last.bootLoader !== 'grub') return null;
  return {
    code: 'GRUBENV_MISSING',
    message:
      "this node had GRUB's environment block before, and now there is none: is /boot mounted? Where GRUB is gone for good, set bootLoader: noop",
  };
}
