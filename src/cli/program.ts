import { Command, CommanderError } from 'commander';
import { ERRORS, GoodbootError, messageOf } from '../core/errors.ts';
import { addCheckCommands } from './commands/check.ts';
import { addCompleteCommand } from './commands/complete.ts';
import { addConfigCommands } from './commands/config.ts';
import { addDenyCommands } from './commands/deny.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDrillCommands } from './commands/drill.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addHistoryCommand } from './commands/history.ts';
import { addHooksCommand } from './commands/hooks.ts';
import { addInstallCommands } from './commands/install.ts';
import { addInstallGrubCommand } from './commands/install-grub.ts';
import { addMarkCommand } from './commands/mark.ts';
import { addMigrateCommands } from './commands/migrate.ts';
import { addProvisionCommand } from './commands/provision.ts';
import { addRollbackCommand } from './commands/rollback.ts';
import { addStatusCommand } from './commands/status.ts';
import { addTrialCommands } from './commands/trial.ts';
import { addVerdictCommand } from './commands/verdict.ts';
import { type Terminal, terminalOf } from './terminal.ts';
import { VERSION } from './version.ts';

const EXAMPLES = `
Examples:
  goodboot check run             run every check now, and say what it would mean
  goodboot status                is this boot good, and if not, why
  goodboot explain GRUBENV_FULL  what an error code means, and its cure

Exit status: 0 good, 20 bad, 21 could not tell, 64 usage, 65-78 as in sysexits(3).`;

/** Runs one command line and answers its exit status. Everything thrown ends here, is printed once, and has a code. */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = terminalOf(process.stdout, process.stderr, args.includes('--json'));
  try {
    let exit = 0;
    const program = buildProgram(terminal, (status) => {
      exit = status;
    });
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usage(error, terminal);
    return report(error, terminal);
  }
}

/** Every command, with what it needs. `done` is told the exit status of the one that runs. */
export function buildProgram(terminal: Terminal, done: (status: number) => void): Command {
  const program = new Command('goodboot')
    .description('Boot health for image-based Linux nodes: is this boot good?')
    .version(VERSION, '-V, --version', 'version, commit and runtime')
    .option('--json', 'answer as JSON, in the form of output-v1.schema.json')
    .option('--root <dir>', 'work on the system below this directory, not on the running one', '/')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Help that nobody asked for is no answer. Errors are printed by `usage`, with a code.
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => undefined });
  const setup = { terminal, done };
  addCheckCommands(program, setup);
  addVerdictCommand(program, setup);
  addStatusCommand(program, setup);
  addHistoryCommand(program, setup);
  addMarkCommand(program, setup);
  addTrialCommands(program, setup);
  addHooksCommand(program, setup);
  addRollbackCommand(program, setup);
  addDenyCommands(program, setup);
  addDoctorCommand(program, setup);
  addDrillCommands(program, setup);
  addInstallCommands(program, setup);
  addInstallGrubCommand(program, setup);
  addProvisionCommand(program, setup);
  addMigrateCommands(program, setup);
  addConfigCommands(program, setup);
  addExplainCommand(program, setup);
  addCompleteCommand(program, setup);
  return program;
}

/** What a command is set up with. */
export interface Setup {
  readonly terminal: Terminal;
  readonly done: (status: number) => void;
}

/** commander says what was wrong, and the nearest word; the exit status is sysexits' EX_USAGE, like everywhere else. */
function usage(error: CommanderError, terminal: Terminal): number {
  // No command was given: the help was printed.
  if (error.code === 'commander.help') return ERRORS.USAGE.exit;
  const [message = '', near] = error.message.replace(/^error: |\.$/g, '').split(/\n\(D(?=id you mean)|\)$/);
  return report(new GoodbootError('USAGE', message, near === undefined ? {} : { hint: `d${near}` }), terminal);
}

function report(error: unknown, terminal: Terminal): number {
  const isKnown = error instanceof GoodbootError;
  if (!isKnown && error instanceof Error) terminal.err(`${error.stack}\n`);
  const known = isKnown ? error : new GoodbootError('INTERNAL', messageOf(error));
  terminal.error(known);
  return ERRORS[known.code].exit;
}
