#!/usr/libexec/goodboot/node --disable-warning=ExperimentalWarning
/**
 * The check program: runs one check of the plan and says its outcome on stdout and by its exit status.
 * Started by goodboot-check@.service, once a boot for each check: what it does not need, it does not load.
 */
import { readFileSync, writeSync } from 'node:fs';
import { makeClock } from '../adapters/clock/clock.ts';
import { GoodbootError, messageOf } from '../core/errors.ts';
import { CHECK_EXIT, errored, type Outcome, reasonOf } from '../core/outcome.ts';
import { resultText } from '../core/result-text.ts';
import { CHECK_PROGRAMS } from '../node/check-programs.ts';
import { parsePlan } from '../node/plan.ts';
import { budgetMs, runCheck } from '../node/run-check.ts';
import type { PlannedCheck } from '../ports/check.ts';
import { lazyPorts } from './ports.ts';

/** goodboot-check@.service gives a check two minutes, and more only as long as it says that it is alive. */
const ALIVE_EVERY_MS = 10_000;
const ALIVE_FOR_USEC = 120_000_000;

const name = process.argv[2] ?? '';
/** Of the checks, those of greenboot alone are run on another root, by `goodboot --root DIR check run`. */
const root = process.argv[3] ?? '/';
// Not awaited here: a program that waits at its top is bundled as two files.
void main();

async function main(): Promise<void> {
  const clock = makeClock();
  const startedMs = clock.monotonicMs();
  const outcome = await run(name);
  const endedMs = clock.monotonicMs();
  const [durationMs, ended] = [Math.round(endedMs - startedMs), Math.round(endedMs)];
  writeSync(1, resultText({ v: 1, name, outcome, durationMs, endedMs: ended }));
  sayWhy(outcome);
  await exitNow(CHECK_EXIT[outcome.state]);
}

/** For the log. Nobody may be there to read it, and that is no reason to die. */
function sayWhy(outcome: Outcome): void {
  if (outcome.state === 'pass') return;
  try {
    writeSync(2, `<${outcome.state === 'skip' ? 6 : 4}>${name}: ${reasonOf(outcome)}\n`);
  } catch {
    // The result is written, and says the same.
  }
}

/**
 * Not left to the event loop: a port that is still waiting must not keep the boot waiting. A name that the system's
 * resolver still looks for would do so even now, since Node waits for its threads (10 s measured); only _exit(2) does not.
 */
async function exitNow(status: number): Promise<never> {
  if (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap')) {
    const { libc } = await import('../adapters/ffi/libc.ts');
    libc()._exit(status);
  }
  return process.exit(status);
}

async function run(check: string): Promise<Outcome> {
  try {
    const planned = plannedCheck(check);
    const program = CHECK_PROGRAMS[planned.type];
    if (program === undefined) throw new GoodbootError('PLAN_UNREADABLE', `${check}: no check type ${planned.type}`);
    const ports = lazyPorts(root);
    if (budgetMs(planned) > ALIVE_FOR_USEC / 1000 && process.env['NOTIFY_SOCKET'] !== undefined) stayAlive();
    // The plan was made from a validated configuration: its options are those of the type.
    return await runCheck(await program(), planned, { ...ports, options: planned.options as never });
  } catch (error) {
    return errored(error instanceof GoodbootError ? error.code : 'INTERNAL', messageOf(error));
  }
}

function plannedCheck(check: string): PlannedCheck {
  // systemd opens the plan before it drops privileges (StandardInput=file:), so that only root can read it.
  let text: string;
  try {
    text = readFileSync(0, 'utf8');
  } catch (error) {
    throw new GoodbootError('PLAN_UNREADABLE', messageOf(error), { cause: error });
  }
  const planned = parsePlan(text).checks.find((each) => each.name === check);
  if (planned === undefined) throw new GoodbootError('CHECK_UNKNOWN', `the plan has no check "${check}"`);
  return planned;
}

/** Tells systemd again and again that the check is alive: one that hangs is ended two minutes later, by systemd itself. */
function stayAlive(): void {
  const timer = setInterval(async () => {
    const { notify } = await import('../adapters/journald/notify.ts');
    notify(`EXTEND_TIMEOUT_USEC=${ALIVE_FOR_USEC}`);
  }, ALIVE_EVERY_MS);
  timer.unref();
}
