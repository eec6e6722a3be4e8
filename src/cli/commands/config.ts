import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkFiles } from '../../config/check-files.ts';
import { describeConfig, showConfig } from '../../config/explain.ts';
import { configJsonSchema } from '../../config/json-schema.ts';
import { formatProblem, type Problem } from '../../config/problem.ts';
import { checkTypes } from '../../config/registry.ts';
import { ERRORS } from '../../core/errors.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { openSession } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { sayProblems } from './say-problems.ts';

export function addConfigCommands(program: Command, setup: Setup): void {
  const config = program.command('config').description('check, show or describe the configuration');
  config
    .command('check')
    .argument('[file...]', 'files to check before they ship; without any, what this machine has')
    .description('is the configuration valid: every problem with file, line and cure')
    .addHelpText(
      'after',
      '\nExamples:\n  goodboot config check\n  goodboot config check ./60-site.yaml\n  goodboot --root ./image config check',
    )
    .action((paths: string[], _options, command: Command) => check(paths, setup, command));
  config
    .command('show')
    .option('--origins', 'say where each value was written')
    .description('the configuration in effect, in its long form, defaults included')
    .addHelpText('after', '\nExamples:\n  goodboot config show --origins\n  goodboot config show --json')
    .action((options: { origins?: true }, command: Command) => show(options.origins === true, setup, command));
  config
    .command('schema')
    .description('the JSON Schema of a configuration file, for editors')
    .addHelpText('after', '\nExample:\n  goodboot config schema > config-v1.schema.json')
    .action(() => {
      setup.terminal.out(`${JSON.stringify(configJsonSchema(checkTypes), null, 2)}\n`);
      setup.done(0);
    });
}

async function check(paths: readonly string[], { terminal, done }: Setup, command: Command): Promise<void> {
  const session = await openSession(rootOf(command), terminal.err);
  const { sources, problems: found } = session.config;
  const checked =
    paths.length === 0
      ? []
      : await checkFiles(
          session.files,
          checkTypes,
          paths.map((path) => resolve(path)),
        );
  const problems =
    paths.length === 0 ? found : unique(checked.flatMap(({ alone, inPlace }) => [...inPlace, ...naming(alone)]));
  const valid = !problems.some(({ severity }) => severity === 'error');
  const json = {
    apiVersion: 'goodboot/v1',
    kind: 'ConfigCheck',
    valid,
    files: paths.length === 0 ? sources.map(({ file }) => file) : checked.map(({ file }) => file),
    problems,
  };
  const what = json.files.length === 0 ? 'the built-in defaults' : json.files.join(', ');
  terminal.answer(
    json,
    problems.map((problem) => problemText(problem, terminal)).join('') + (valid ? `valid: ${what}\n` : ''),
  );
  done(valid ? 0 : ERRORS.CONFIG_INVALID.exit);
}

/** Of a file looked at alone, only what its place among the others cannot show: a name that is ignored. */
const naming = (alone: readonly Problem[]) => alone.filter(({ code }) => code === 'CONFIG_IGNORED');

const unique = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map((problem) => [formatProblem(problem), problem])).values(),
];

const problemText = (problem: Problem, { paint }: Terminal): string =>
  `${paint(problem.severity === 'error' ? 'red' : 'yellow', problem.severity)}: ${formatProblem(problem)} [${problem.code}]\nhint: ${problem.hint}\n`;

async function show(origins: boolean, { terminal, done }: Setup, command: Command): Promise<void> {
  const { config } = await openSession(rootOf(command), terminal.err);
  sayProblems(config, terminal);
  const json = { apiVersion: 'goodboot/v1', kind: 'Config', ...describeConfig(config, checkTypes) };
  terminal.answer(json, showConfig(config, checkTypes, { origins }));
  done(0);
}
