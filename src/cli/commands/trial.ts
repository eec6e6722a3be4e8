import type { Command } from 'commander';
import { makePastBoots } from '../../adapters/journald/past-boots.ts';
import { makeProcesses } from '../../adapters/process/run.ts';
import { makeTraces } from '../../adapters/traces/traces.ts';
import { GoodbootError } from '../../core/errors.ts';
import { arm } from '../../node/arm.ts';
import { beginBoot, CLEAN_SHUTDOWN } from '../../node/begin.ts';
import { readOutlook } from '../../node/outlook.ts';
import { armNow } from '../arm-now.ts';
import { openAsRoot } from '../as-root.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { table } from '../render/table.ts';
import { countingOf, openSession, reachSystemd, trialDeps } from '../session.ts';
import { addEvidenceCommand } from './evidence.ts';
import { warnOn } from './say-problems.ts';

/** Bound of a whole run: a backend may be slow at boot, and must not be waited for without end. */
const TIMEOUT_MS = 10 * 60_000;
const END_TIMEOUT_MS = 30_000;

export function addTrialCommands(program: Command, setup: Setup): void {
  program
    .command('begin', { hidden: true })
    .description('note this boot, and finish what a power cut left (what goodboot-begin.service runs)')
    .action(() => runBegin(setup));
  program
    .command('arm', { hidden: true })
    .description('put a staged update on trial (what goodboot-arm.service runs)')
    .action(() => runArm(setup));
  program
    .command('end', { hidden: true })
    .description('note a clean shutdown, and arm what was staged last (when goodboot-end.service stops)')
    .action(() => runEnd(setup));
  const trial = program
    .command('trial')
    .description('the trial of a new deployment')
    .addHelpText('after', '\nExamples:\n  goodboot trial show\n  goodboot trial evidence');
  trial
    .command('show')
    .description('the open trial, and where this boot stands in it')
    .addHelpText('after', '\nExamples:\n  goodboot trial show\n  goodboot trial show --json')
    .action((_options, command: Command) => show(setup, rootOf(command)));
  addEvidenceCommand(trial, setup);
}

async function runBegin(setup: Setup): Promise<void> {
  const session = await openAsRoot(setup.terminal);
  const { crashLoop } = session.config.settings.trial;
  await using systemd = await reachSystemd(session);
  const reboot = async () => {
    if (systemd.manager === null) throw new GoodbootError('SYSTEMD_ABSENT', 'nobody to ask for a reboot');
    await systemd.manager.reboot();
  };
  const actions = await beginBoot(
    {
      ...session,
      ...trialDeps(session),
      traces: makeTraces(session.files),
      pastBoots: makePastBoots(makeProcesses()),
      reboot,
    },
    { crashLoop, signal: AbortSignal.timeout(TIMEOUT_MS) },
  );
  const json = { apiVersion: 'goodboot/v1', kind: 'Begin', actions };
  setup.terminal.answer(json, actions.map(({ kind }) => `${kind}\n`).join(''));
  setup.done(0);
}

async function runArm(setup: Setup): Promise<void> {
  const session = await openAsRoot(setup.terminal);
  await using systemd = await reachSystemd(session);
  const actions = await armNow(session, systemd, AbortSignal.timeout(TIMEOUT_MS));
  const json = { apiVersion: 'goodboot/v1', kind: 'Arm', actions };
  setup.terminal.answer(
    json,
    actions.map((action) => `${action.kind}${'why' in action ? `: ${action.why}` : ''}\n`).join(''),
  );
  setup.done(0);
}

/** The machine goes down: no time for a baseline, and whatever fails here must not look like a crash next time. */
async function runEnd(setup: Setup): Promise<void> {
  const session = await openAsRoot(setup.terminal);
  try {
    const deps = { ...session, ...trialDeps(session), ...countingOf(session), baseline: async () => null };
    await arm(deps, session.config.settings.trial.attempts, AbortSignal.timeout(END_TIMEOUT_MS));
  } finally {
    await session.files.replace(CLEAN_SHUTDOWN, '');
  }
  setup.done(0);
}

async function show({ terminal, done }: Setup, root: string): Promise<void> {
  const session = await openSession(root, warnOn(terminal));
  const { trial, standing, next, bootLoader } = await readOutlook(session, ({ message }) => warnOn(terminal)(message));
  const { counter } = bootLoader;
  const json = { apiVersion: 'goodboot/v1', kind: 'Trial', trial, standing, counter, next };
  const rows =
    trial === null
      ? [
          ['trial', 'none is open'],
          ['next', next],
        ]
      : [
          ['on trial', trial.deployment],
          ['goes back to', trial.from],
          ['attempts', `${trial.attempts}, ${counter === null ? 'not counted' : `${Math.max(0, counter)} left`}`],
          ['this boot', standing],
          ['baseline', trial.baselineFailures === null ? 'not known' : trial.baselineFailures.join(', ') || 'all good'],
          ['failed on trial', trial.trialFailures.join(', ') || 'nothing so far'],
          ['next', next],
        ];
  terminal.answer(json, table(rows));
  done(0);
}
