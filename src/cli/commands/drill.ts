import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { makeRehearsal } from '../../adapters/deployments/rehearsal.ts';
import { makeProcesses } from '../../adapters/process/run.ts';
import { findingsOf } from '../../core/doctor.ts';
import { type Drill, whyNoDrill } from '../../core/drill/drill.ts';
import { parseWindow } from '../../core/drill/window.ts';
import { GoodbootError } from '../../core/errors.ts';
import { gatherFacts } from '../../node/doctor/gather.ts';
import { finishDrill } from '../../node/drill/finish.ts';
import { lastDrill, openDrill } from '../../node/drill/keep.ts';
import { type DrillRequest, lookAtDrill, startDrill } from '../../node/drill/start.ts';
import { armNow } from '../arm-now.ts';
import { openAsRoot } from '../as-root.ts';
import { doctorDeps } from '../doctor-deps.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { drillText } from '../render/drill.ts';
import { table } from '../render/table.ts';
import { openSession, reachSystemd, type Session, type Systemd } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { warnOn } from './say-problems.ts';

/** Of all that is done before the reboot, or after the last one: ostree waits for its disk. */
const TIMEOUT_MS = 8 * 60_000;

const DETAILS = `
Deploys what runs once more, as an update, and lets it fail its trial: the node reboots, uses up
the attempts, falls back, makes that permanent, and takes away what the drill brought. Nothing is
denied. It is refused where doctor finds that a rollback would not work, while something else is
under way, and outside of its window.

Examples:
  goodboot drill --dry-run
  goodboot drill --attempts 1 --yes
  goodboot drill --window 'Sat,Sun 22:00-04:00' --yes
  goodboot drill show`;

interface Options {
  readonly attempts?: number;
  readonly window?: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** Adds `goodboot drill`: the rollback is rehearsed on the node itself. */
export function addDrillCommands(program: Command, setup: Setup): void {
  const drill = program
    .command('drill')
    .option('--attempts <n>', 'boots that the deployment gets; default: trial.attempts', wholeNumber)
    .option('--window <when>', 'begin only within this time of the week, in UTC; default: drill.windows', windowText)
    .option('--dry-run', 'say what would be done, or what is against it, and change nothing')
    .option('--yes', 'do not ask')
    .description('rehearse a rollback for real: reboot into a copy of what runs that fails, and come back')
    .addHelpText('after', DETAILS)
    .action((options: Options, command: Command) => run(options, setup, command));
  drill
    .command('show')
    .description('the drill that is under way, or how the last one went')
    .addHelpText('after', '\nExamples:\n  goodboot drill show\n  goodboot drill show --json')
    .action((_options, command: Command) => show(setup, rootOf(command)));
  drill
    .command('finish', { hidden: true })
    .description('bring a drill to its end (what goodboot-drill.service runs)')
    .action(() => finish(setup));
}

function wholeNumber(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 10)
    throw new GoodbootError('USAGE', `--attempts ${text}: a number from 1 to 10 was wanted`);
  return number;
}

function windowText(text: string): string {
  parseWindow(text);
  return text;
}

async function run(options: Options, { terminal, done }: Setup, command: Command): Promise<void> {
  if (rootOf(command) !== '/')
    throw new GoodbootError('USAGE', 'a drill is made on the running machine: it takes no --root');
  const session = await openAsRoot(terminal);
  await using systemd = await reachSystemd(session);
  const { settings } = session.config;
  const request: DrillRequest = {
    attempts: options.attempts ?? settings.trial.attempts,
    windows: options.window === undefined ? settings.drill.windows : [options.window],
  };
  const deps = drillDeps(session, systemd);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const findings = findingsOf(await gatherFacts(doctorDeps(session, systemd)));
  const facts = await lookAtDrill(deps, request, findings, signal);
  const reasons = whyNoDrill(facts);
  if (reasons.length > 0) throw new GoodbootError('DRILL_REFUSED', reasons.join('; '));
  if (systemd.manager === null)
    throw systemd.trouble ?? new GoodbootError('SYSTEMD_ABSENT', 'nobody to ask for a reboot');

  const unsure = findings.filter(({ state }) => state === 'unknown').map(({ title }) => title);
  const rows = [
    ['goes back to', facts.booted ?? ''],
    ['reboots', `${request.attempts + 1}: ${request.attempts} on trial, and the fallback`],
    ['meanwhile', 'what waits for a good boot does not start, and neither does an updater'],
    ...(unsure.length === 0 ? [] : [['not certain', unsure.join(', ')]]),
  ];
  if (options.dryRun === true) {
    const planned = { ...NONE, state: 'planned', from: facts.booted, attempts: request.attempts };
    terminal.answer(planned, table([...rows, ['dry run', 'nothing was changed']]));
    return done(0);
  }
  if (options.yes !== true && !(await isWanted(terminal, table(rows)))) {
    terminal.err('goodboot: nothing was changed\n');
    return done(1);
  }
  const drill = await startDrill(deps, request, signal);
  terminal.answer(underWay(drill), table([...rows, ['next', 'the node reboots now; afterwards: goodboot drill show']]));
  await systemd.manager.reboot();
  done(0);
}

/** @throws GoodbootError USAGE where there is nobody to ask */
async function isWanted(terminal: Terminal, text: string): Promise<boolean> {
  if (terminal.json || process.stdin.isTTY !== true)
    throw new GoodbootError('USAGE', 'a drill reboots this node: --yes says that this is wanted');
  terminal.err(text);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y|yes)$/i.test((await asked.question('Reboot this node now? [y/N] ')).trim());
  } finally {
    asked.close();
  }
}

async function show({ terminal, done }: Setup, root: string): Promise<void> {
  const { files } = await openSession(root, warnOn(terminal));
  const open = await openDrill(files);
  const last = await lastDrill(files);
  if (open !== null) {
    const { deployment, from, attempts, started } = open;
    const rows = [
      ['drill', 'under way'],
      ['deployment', deployment ?? 'not made yet'],
      ['goes back to', from],
      ['attempts', `${attempts}`],
      ['since', started],
    ];
    terminal.answer(underWay(open), table(rows));
  } else if (last !== null) terminal.answer(last, drillText(last, terminal));
  else terminal.answer(NONE, table([['drill', 'there was none on this node']]));
  done(last?.state === 'failed' && open === null ? 20 : 0);
}

async function finish({ terminal, done }: Setup): Promise<void> {
  const session = await openAsRoot(terminal);
  await using systemd = await reachSystemd(session);
  const finished = await finishDrill(drillDeps(session, systemd), AbortSignal.timeout(TIMEOUT_MS));
  if (finished === null) terminal.answer(NONE, '');
  else if (finished.state === 'under-way') terminal.answer(underWay(finished.drill), 'the drill goes on\n');
  else terminal.answer(finished, drillText(finished, terminal));
  done(0);
}

const NONE = {
  apiVersion: 'goodboot/v1',
  kind: 'Drill',
  state: 'none',
  deployment: null,
  from: null,
  attempts: null,
  started: null,
  ended: null,
  steps: [],
  reasons: [],
} as const;

const underWay = ({ deployment, from, attempts, started }: Drill) => ({
  ...NONE,
  state: 'under-way',
  deployment,
  from,
  attempts,
  started,
});

function drillDeps(session: Session, systemd: Systemd) {
  return {
    ...session,
    rehearsal: makeRehearsal(session.files, makeProcesses()),
    wantedBy: async (unit: string) => (systemd.manager === null ? null : systemd.manager.wantedBy(unit)),
    arm: (signal: AbortSignal) => armNow(session, systemd, signal),
  };
}
