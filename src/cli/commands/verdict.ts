import type { Command } from 'commander';
import { formatProblem } from '../../config/problem.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import type { CheckResult } from '../../core/outcome.ts';
import { ERRORS } from '../../core/errors.ts';
import { VERDICT_EXIT, type VerdictReport } from '../../core/verdict-report.ts';
import { announceProblems, announceResult, announceVerdict, why } from '../../node/announce.ts';
import { recheckLater, startWhatWaited } from '../../node/recovery.ts';
import { openLedger } from '../../node/ledger.ts';
import { recordVerdict, regressionReboots } from '../../node/record.ts';
import { readVerdict, writeVerdict } from '../../node/verdict-file.ts';
import { judgeBoot } from '../../node/verdict.ts';
import type { ServiceManager } from '../../ports/service-manager.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { checkLine, nameWidthOf } from '../render/checks.ts';
import { verdictText } from '../render/verdict.ts';
import { checkRunnerOf, openSession, type Session, serviceManagerOf } from '../session.ts';
import { sayProblems } from './say-problems.ts';

/** Time for a timer to stop: it has nothing to do for that. */
const STOP_TIMEOUT_MS = 10_000;

interface Options {
  readonly dryRun?: true;
}

export function addVerdictCommand(program: Command, setup: Setup): void {
  program
    .command('verdict')
    .option('--dry-run', 'judge, say what would be done, and change nothing')
    .description('run every check, judge this boot, and act on it (what goodboot-verdict.service runs)')
    .addHelpText('after', '\nExamples:\n  goodboot verdict --dry-run\n  goodboot verdict --dry-run --json\n\nExit status: 0 good, 20 bad, 21 could not tell.')
    .action((options: Options, command: Command) => verdict(options, setup, command));
}

async function verdict({ dryRun = false }: { dryRun?: boolean }, setup: Setup, command: Command): Promise<void> {
  const { terminal, done } = setup;
  if (rootOf(command) !== '/') throw new GoodbootError('USAGE', 'verdict judges the running machine: it takes no --root');
  if (!dryRun && process.getuid?.() !== 0) throw new GoodbootError('NEEDS_ROOT', 'verdict marks the boot; --dry-run judges only');
  const session = await openSession('/', (message) => terminal.err(`${message}\n`));
  const { config, journal } = session;
  sayProblems(config, terminal);
  if (!dryRun) announceProblems(journal, config.problems);

  await using manager = await serviceManagerOf(session);
  const before = await readVerdict(session.files, session.boot.id);
  const report = await judge(session, manager, { dryRun, setup });
  terminal.answer(report, verdictText(report, terminal));
  if (!dryRun) {
    announceVerdict(journal, report);
    await recordVerdict(session, report);
    await writeVerdict(session.files, report);
    if (manager !== null) await follow(session, manager, report, before);
  }
  const lost = report.actions.some(({ result }) => result === 'failed') && report.bootLoader.counter !== null;
  // The boot loader goes on counting down on a boot that is good: whoever waits for a good boot must not go on.
  done(lost ? ERRORS.GRUBENV_UNWRITABLE.exit : VERDICT_EXIT[report.verdict]);
}

async function judge(
  session: Session,
  manager: ServiceManager | null,
  { dryRun, setup: { terminal } }: { readonly dryRun: boolean; readonly setup: Setup },
): Promise<VerdictReport> {
  const { settings, problems } = session.config;
  const nameWidth = nameWidthOf(settings.checks);
  const onResult = (result: CheckResult) => {
    if (!terminal.json) terminal.out(checkLine(result, nameWidth, terminal));
    if (!dryRun) announceResult(session.journal, result);
  };
  const reboot = async () => {
    if (manager === null) throw new GoodbootError('SYSTEMD_ABSENT', 'nobody to ask for a reboot');
    await manager.reboot();
  };
  return judgeBoot(
    {
      ...session,
      runner: await checkRunnerOf(session, manager),
      effects: dryRun ? null : { journal: session.journal, reboot },
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
      onResult,
    },
  );
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

/**
 * What other units wait for: a bad boot is judged again later, and one that has become good starts what could not start.
 * None of it changes the verdict: trouble here is said, and no more.
 */
async function follow(session: Session, manager: ServiceManager, report: VerdictReport, before: VerdictReport | null): Promise<void> {
  try {
    if (report.verdict !== 'good') {
      if (report.actions.some(({ action }) => action.kind === 'hold')) await recheckLater(manager);
    } else if (before !== null && before.verdict !== 'good') {
      session.journal.event('recheck-good', { GOODBOOT_SUMMARY: why(report) });
      await startWhatWaited(manager, AbortSignal.timeout(STOP_TIMEOUT_MS));
    }
  } catch (error) {
    process.stderr.write(`<4>units that wait for this verdict: ${messageOf(error)}\n`);
  }
}
