import type { Command } from 'commander';
import { defaultCheck } from '../../config/plan.ts';
import { checkTypes } from '../../config/registry.ts';
import { judge } from '../../core/decide.ts';
import { formatDuration } from '../../core/duration.ts';
import { GoodbootError } from '../../core/errors.ts';
import type { CheckResult } from '../../core/outcome.ts';
import { VERDICT_EXIT } from '../../core/verdict-report.ts';
import { runAll } from '../../node/verdict.ts';
import type { PlannedCheck } from '../../ports/check.ts';
import { didYouMean, rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { makeProgress } from '../progress.ts';
import { checkLine, nameWidthOf, scriptLines, summary } from '../render/checks.ts';
import { table } from '../render/table.ts';
import { VERDICT_COLOUR } from '../render/verdict.ts';
import { checkRunnerOf, openSession, reachSystemd } from '../session.ts';
import { sayProblems, warnOn } from './say-problems.ts';

export function addCheckCommands(program: Command, setup: Setup): void {
  const check = program
    .command('check')
    .description('list the configured checks, or run them')
    .addHelpText('after', '\nExamples:\n  goodboot check list\n  goodboot check run');
  check
    .command('list')
    .description('the configured checks: name, type, whether required, times')
    .addHelpText('after', '\nExamples:\n  goodboot check list\n  goodboot check list --json')
    .action((_options, command: Command) => list(setup, command));
  check
    .command('run')
    .argument('[name...]', 'checks to run; all of them when none is named')
    .description('run checks now and say what they mean; marks nothing. A check that is named counts as required')
    .addHelpText(
      'after',
      '\nExamples:\n  goodboot check run\n  goodboot check run units network --json\n  goodboot check run greenboot --root /sysroot\n\nExit status: 0 good, 20 bad, 21 could not tell.',
    )
    .action((names: string[], _options, command: Command) => run(names, setup, command));
}

async function list({ terminal, done }: Setup, command: Command): Promise<void> {
  const session = await openSession(rootOf(command), warnOn(terminal));
  sayProblems(session.config, terminal);
  const { checks } = session.config.settings;
  const json = { apiVersion: 'goodboot/v1', kind: 'CheckList', checks };
  const rows = checks.map(({ name, type, required, withinMs, stableMs }) => [
    name,
    type,
    required ? 'required' : 'wanted',
    `${withinMs === 0 ? 'at once' : `within ${formatDuration(withinMs)}`}${stableMs === 0 ? '' : `, stable for ${formatDuration(stableMs)}`}`,
  ]);
  terminal.answer(json, rows.length === 0 ? 'no check is configured\n' : table(rows));
  done(0);
}

async function run(names: readonly string[], { terminal, done }: Setup, command: Command): Promise<void> {
  const root = rootOf(command);
  const session = await openSession(root, warnOn(terminal));
  sayProblems(session.config, terminal);
  const { settings } = session.config;
  const configured = withGreenboot(settings.checks, names);
  const checks = chosen(configured, names);
  if (root !== '/' && !checks.every(({ type }) => type === 'greenboot')) {
    throw new GoodbootError('USAGE', 'check run looks at the running machine: only the check greenboot takes --root');
  }
  await using systemd = await reachSystemd(session);
  const runner = await checkRunnerOf(session, systemd);
  const nameWidth = nameWidthOf(checks);
  const linesOf = (result: CheckResult) => checkLine(result, nameWidth, terminal) + scriptLines(result, terminal);
  using progress = makeProgress({ terminal, clock: session.clock, linesOf });
  progress.expect(checks);
  const results = await runAll(
    { runner, clock: session.clock },
    {
      checks,
      planned: configured,
      deadlineMs: settings.trial.deadlineMs,
      onStart: progress.started,
      onResult: progress.ended,
    },
  );
  const verdict = judge(results);
  const json = { apiVersion: 'goodboot/v1', kind: 'CheckRun', bootId: session.boot.id, verdict, checks: results };
  const what = names.length === 0 ? 'this boot would be' : 'these checks say';
  terminal.answer(json, `${what} ${terminal.paint(VERDICT_COLOUR[verdict], verdict)} (${summary(results)})\n`);
  done(VERDICT_EXIT[verdict]);
}

/** The scripts of greenboot can be tried before anything is configured: the check of that name needs no options. */
function withGreenboot(checks: readonly PlannedCheck[], names: readonly string[]): readonly PlannedCheck[] {
  const isConfigured = checks.some(({ name }) => name === 'greenboot');
  return isConfigured || !names.includes('greenboot') ? checks : [...checks, defaultCheck('greenboot', checkTypes)];
}

/** What a person names is what they want to know: it weighs as required. */
function chosen(checks: readonly PlannedCheck[], names: readonly string[]): readonly PlannedCheck[] {
  if (names.length === 0) return checks;
  return [...new Set(names)].map((name) => {
    const found = checks.find((check) => check.name === name);
    if (found !== undefined) return { ...found, required: true };
    const known = checks.map((check) => check.name);
    throw new GoodbootError('CHECK_UNKNOWN', `no check "${name}" is configured`, didYouMean(name, known));
  });
}
