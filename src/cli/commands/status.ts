import type { Command } from 'commander';
import { doctorSentence } from '../../core/doctor/summary.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { type LastBoot, lastBootText } from '../../core/last-boot.ts';
import { type Problem, VERDICT_EXIT } from '../../core/verdict-report.ts';
import { type BootLoaderView, readBootLoader } from '../../node/boot-loader-view.ts';
import { readDoctorSummary } from '../../node/doctor/keep.ts';
import { openLedger } from '../../node/ledger.ts';
import { readOutlook } from '../../node/outlook.ts';
import { readVerdict } from '../../node/verdict-file.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { checkLine, nameWidthOf } from '../render/checks.ts';
import { table } from '../render/table.ts';
import { verdictText } from '../render/verdict.ts';
import { openSession, type Session } from '../session.ts';
import { sayProblems, warnOn } from './say-problems.ts';

export function addStatusCommand(program: Command, { terminal, done }: Setup): void {
  program
    .command('status')
    .description('the verdict of this boot, why, and what the boot loader says now')
    .addHelpText(
      'after',
      '\nExamples:\n  goodboot status\n  goodboot status --json\n\nExit status: 0 good, 20 bad, 21 could not tell, 66 no verdict yet.',
    )
    .action(async (_options, command: Command) => {
      const session = await openSession(rootOf(command), warnOn(terminal));
      sayProblems(session.config, terminal);
      const report = await readVerdict(session.files);
      const problems = [...(report?.problems ?? [])];
      const { bootLoader, next } = await ahead(session, (problem) => problems.push(problem));
      if (report === null) {
        throw new GoodbootError('NO_VERDICT', `this boot was not judged yet${next === null ? '' : `; ${next}`}`);
      }
      const lastBoot = await lastBootOf(session, report.bootId, (problem) => problems.push(problem));
      const doctor = await readDoctorSummary(session.files);
      const now = { ...report, bootLoader, problems, doctor };
      const width = nameWidthOf(now.checks);
      const lines = now.checks.map((result) => checkLine(result, width, terminal)).join('');
      const sentence = doctorSentence(doctor);
      const more = table([
        ...(lastBoot === null ? [] : [['boot before', lastBootText(lastBoot)]]),
        ...(sentence === null ? [] : [['doctor     ', sentence]]),
      ]);
      terminal.answer({ ...now, kind: 'Status', lastBoot }, lines + verdictText(now, terminal, next) + more);
      done(VERDICT_EXIT[now.verdict]);
    });
}

/** How the boot before ended, as this one found it; null where that was not noted. */
async function lastBootOf(
  { files, clock }: Session,
  bootId: string,
  note: (problem: Problem) => void,
): Promise<LastBoot | null> {
  try {
    const { records } = await openLedger(files, clock);
    const boot = records.findLast((record) => record.event === 'boot' && record.bootId === bootId);
    return boot?.event === 'boot' ? (boot.last ?? null) : null;
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    note({ code: error.code, message: messageOf(error) });
    return null;
  }
}

/**
 * What the boot loader says, and what happens next while a trial is open or something waits for the next boot. Null:
 * nothing, or it cannot be told.
 */
async function ahead(
  session: Session,
  note: (problem: Problem) => void,
): Promise<{ readonly bootLoader: BootLoaderView; readonly next: string | null }> {
  try {
    const { trial, next, waits, bootLoader } = await readOutlook(session, note);
    return { bootLoader, next: trial !== null || waits ? next : null };
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    return { bootLoader: await readBootLoader(session.bootLoader, note), next: null };
  }
}
