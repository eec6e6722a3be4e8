import { resolve } from 'node:path';
import type { Command } from 'commander';
import { makeFiles } from '../../adapters/files/files.ts';
import { checkFiles } from '../../config/check-files.ts';
import { describeConfig, showConfig } from '../../config/explain.ts';
import { configJsonSchema } from '../../config/json-schema.ts';
import { loadConfig } from '../../config/load.ts';
import { formatProblem, type Problem } from '../../config/problem.ts';
import { checkTypes } from '../../config/registry.ts';
import { BUILT_IN } from '../../config/search.ts';
import { ERRORS } from '../../core/errors.ts';
import { rootOf } from '../options.ts';
import type { Setup } from '../program.ts';
import { problemText } from '../render/problem.ts';
import { sayProblems } from './say-problems.ts';

export function addConfigCommands(program: Command, setup: Setup): void {
  const config = program
    .command('config')
    .description('check, show or describe the configuration')
    .addHelpText('after', '\nExamples:\n  goodboot config check\n  goodboot config show --origins');
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
  const { files, problems } = await checked(paths, rootOf(command));
  const valid = !problems.some(({ severity }) => severity === 'error');
  const json = { apiVersion: 'goodboot/v1', kind: 'ConfigCheck', valid, files, problems };
  const told = problems.map((problem) => problemText(problem, terminal, 'out')).join('');
  const what = files.join(', ').replace(BUILT_IN.file, 'the built-in defaults');
  terminal.answer(json, `${told}${valid ? `valid: ${what}\n` : ''}`);
  done(valid ? 0 : ERRORS.CONFIG_INVALID.exit);
}

/** Without paths, the files of the system below `root`; else those files, as if they were among them. */
async function checked(
  paths: readonly string[],
  root: string,
): Promise<{ readonly files: readonly string[]; readonly problems: readonly Problem[] }> {
  if (paths.length === 0) {
    const { sources, problems } = await loadConfig(makeFiles(root), checkTypes);
    return { files: sources.map(({ file }) => file), problems };
  }
  const absolute = paths.map((path) => resolve(path));
  const found = await checkFiles(makeFiles(), checkTypes, absolute, makeFiles(root));
  return {
    files: found.map(({ file }) => file),
    problems: unique(found.flatMap(({ alone, inPlace }) => [...inPlace, ...naming(alone)])),
  };
}

/** Of a file looked at alone, only what its place among the others cannot show: a name that is ignored. */
const naming = (alone: readonly Problem[]) => alone.filter(({ code }) => code === 'CONFIG_IGNORED');

const unique = (problems: readonly Problem[]): readonly Problem[] => [
  ...new Map(problems.map((problem) => [formatProblem(problem), problem])).values(),
];

async function show(origins: boolean, { terminal, done }: Setup, command: Command): Promise<void> {
  const config = await loadConfig(makeFiles(rootOf(command)), checkTypes);
  sayProblems(config, terminal);
  const json = { apiVersion: 'goodboot/v1', kind: 'Config', ...describeConfig(config, checkTypes) };
  terminal.answer(json, showConfig(config, checkTypes, { origins }));
  done(0);
}
