import { GoodbootError } from '../../core/errors.ts';
import type { Processes, RunResult } from '../../ports/processes.ts';

/** Above what listing takes on a slow disk: less than 0.1 s where it was measured. */
export const STATUS_TIMEOUT_MS = 30_000;
/** Above what a change takes: some seconds, most of them for flushing to the disk. */
export const CHANGE_TIMEOUT_MS = 90_000;
/** A deployment takes about 1 KB of it. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** Libostree's tools say so, and then wait. */
const WAITING = /waiting for .*\block\b/i;

export type Argv = readonly [string, ...string[]];

export interface ToolOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a deployment tool to its end, whatever its exit status.
 * @throws GoodbootError DEPLOYMENT_BUSY, PROGRAM_TIMEOUT, PROGRAM_OUTPUT, PROGRAM_MISSING, PROGRAM_FAILED
 */
export async function runTool(processes: Processes, argv: Argv, options: ToolOptions): Promise<RunResult> {
  const ran = await processes.run(argv, { ...options, maxOutputBytes: MAX_OUTPUT_BYTES, cwd: '/' });
  const who = argv.join(' ');
  if (ran.timedOut) {
    if (WAITING.test(ran.stdout + ran.stderr)) {
      throw new GoodbootError('DEPLOYMENT_BUSY', `${who}: another process holds the lock of the deployments`);
    }
    throw new GoodbootError('PROGRAM_TIMEOUT', `${who}: no end in time`);
  }
  if (ran.truncated) throw new GoodbootError('PROGRAM_OUTPUT', `${who}: more than ${MAX_OUTPUT_BYTES} bytes`);
  return ran;
}

/** What a tool printed. @throws GoodbootError PROGRAM_FAILED with the last line that it said, and those of `runTool` */
export async function must(processes: Processes, argv: Argv, options: ToolOptions): Promise<string> {
  return stdoutOf(await runTool(processes, argv, options));
}

/** @throws GoodbootError PROGRAM_FAILED with the last line that the tool said */
export function stdoutOf({ argv, exitCode, signal, stdout, stderr }: RunResult): string {
  if (exitCode === 0) return stdout;
  const said = stderr.trim().split('\n').at(-1) || `it ended with ${signal ?? `status ${exitCode}`} and said nothing`;
  throw new GoodbootError('PROGRAM_FAILED', `${argv.join(' ')}: ${said}`);
}
