import type { Command } from 'commander';
import { applyFragment, planFragment } from '../../adapters/boot-loader/fragment.ts';
import { openPackage } from '../../adapters/package/package.ts';
import { makeProcesses } from '../../adapters/process/run.ts';
import { fixesFor } from '../../core/doctor/fix.ts';
import { answerOf, type Change, type DoctorReport, doctorExit, findingsOf } from '../../core/doctor.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { GRUB_FRAGMENT } from '../../core/package/layout.ts';
import { gatherFacts } from '../../node/doctor/gather.ts';
import { keepDoctor } from '../../node/doctor/keep.ts';
import { mend } from '../../node/doctor/mend.ts';
import { doctorDeps } from '../doctor-deps.ts';
import { rootOf } from '../options.ts';
import { enterOwnMounts } from '../own-mounts.ts';
import type { Setup } from '../program.ts';
import { doctorText } from '../render/doctor.ts';
import { openSession, reachSystemd, type Session } from '../session.ts';
import { warnOn } from './say-problems.ts';

const DETAILS = `
Each precondition is pass, warn, fail, unknown (could not be told) or skip (not of this node).
With --fix what is shown is the state after it, and for each change what undoes it.

Examples:
  goodboot doctor
  goodboot doctor --fix --dry-run
  goodboot doctor --json
  goodboot --root ./image doctor

Exit status: 0 nothing fails, 20 something fails, 21 nothing fails and something could not be told.`;

interface Options {
  readonly fix?: true;
  readonly dryRun?: true;
}

/** Adds `goodboot doctor`: would this node leave a bad update by itself? */
export function addDoctorCommand(program: Command, setup: Setup): void {
  program
    .command('doctor')
    .option('--fix', 'mend what is safe to mend, and look again')
    .option('--dry-run', 'say what would be changed, and change nothing')
    .description('would a bad update be rolled back on this node: every precondition, and the command that mends it')
    .addHelpText('after', DETAILS)
    .action((options: Options, command: Command) => doctor(options, setup, command));
}

async function doctor(
  { fix = false, dryRun = false }: { fix?: boolean; dryRun?: boolean },
  setup: Setup,
  command: Command,
) {
  const { terminal, done } = setup;
  const root = rootOf(command);
  if (root === '/' && process.getuid?.() !== 0) throw new GoodbootError('NEEDS_ROOT', 'doctor looks into /boot');
  const warn = warnOn(terminal);
  const session = await openSession(root, warn);
  // To mend, /boot may have to be writable; nothing may have been printed before.
  if (fix && !dryRun && root === '/') await enterOwnMounts(session.bootLoader);
  await using systemd = await reachSystemd(session);
  const deps = doctorDeps(session, systemd);

  let facts = await gatherFacts(deps);
  const changes: Change[] = [];
  const fixes = fix ? fixesFor(facts) : [];
  for (const each of fixes) {
    const { change, undo } = each;
    if (dryRun) changes.push({ change, undo, result: 'planned', detail: '' });
    else {
      const detail = await mend(each, { ...deps, installGrub: () => installGrub(session, warn) }).then(
        () => '',
        whyNot,
      );
      changes.push({ change, undo, result: detail === '' ? 'done' : 'failed', detail });
    }
  }
  if (changes.length > 0 && !dryRun) facts = await gatherFacts(deps);

  const findings = findingsOf(facts);
  const answer = answerOf(findings, root === '/');
  const time = new Date(session.clock.now()).toISOString();
  const report: DoctorReport = {
    apiVersion: 'goodboot/v1',
    kind: 'Doctor',
    bootId: session.boot.id,
    time,
    answer,
    findings,
    changes,
  };
  if (root === '/' && !dryRun) {
    await keepDoctor(session.files, session.journal, report).catch((error: unknown) =>
      warn(`the answer is not kept: ${whyNot(error)}`),
    );
  }
  terminal.answer(report, doctorText(report, terminal));
  done(doctorExit(findings));
}

/** What was thrown, as a clause. Anything without a code is a fault of this program, and goes on. */
function whyNot(error: unknown): string {
  if (error instanceof GoodbootError) return `${messageOf(error)} [${error.code}]`;
  throw error;
}

async function installGrub({ files }: Session, warn: (sentence: string) => void): Promise<void> {
  await applyFragment(await planFragment(files, openPackage().text(GRUB_FRAGMENT)), {
    files,
    processes: makeProcesses(),
    warn,
  });
}
