import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { CHECK_PROGRAM } from './check-program.ts';

type Argv = readonly [string, ...string[]];

/** This command line, to be run once more. The single executable brings the runtime's options itself. */
export const ownCommandLine = (): Argv =>
  isSea()
    ? [process.execPath, ...process.argv.slice(2)]
    : [process.execPath, ...process.execArgv, ...process.argv.slice(1)];

/** The check program of this build, without what it is to check. */
export function checkProgram(): Argv {
  if (isSea()) return [process.execPath, CHECK_PROGRAM];
  const file = fileURLToPath(new URL(`./${CHECK_PROGRAM}.mjs`, import.meta.url));
  return [process.execPath, '--disable-warning=ExperimentalWarning', file];
}
