import { join } from 'node:path';
import { makeClock } from '../../src/adapters/clock/clock.ts';
import { makeChildRunner } from '../../src/adapters/process/child-runner.ts';
import { makeProcesses } from '../../src/adapters/process/run.ts';
import { planText } from '../../src/node/plan.ts';
import { describeCheckRunner } from './check-runner.contract.ts';

const PROGRAM = join(import.meta.dirname, '../fixtures/programs/stand-in.sh');

const runnerOf = (argv: readonly [string, ...string[]]) =>
  makeChildRunner({
    processes: makeProcesses(),
    clock: makeClock(),
    argv,
    root: '/',
    planText,
    budgetMs: ({ name }) => (name === 'hangs' ? 1000 : 60_000),
  });

describeCheckRunner('child processes', async () => ({
  runner: runnerOf(['/bin/sh', PROGRAM]),
  missing: runnerOf(['/nonexistent/program']),
}));
