import { formatDuration } from '../../core/duration.ts';
import { GoodbootError, messageOf } from '../../core/errors.ts';
import { ScriptOutput } from '../../core/greenboot/output.ts';
import { reasonOfEnd, type ScriptResult } from '../../core/greenboot/result.ts';
import { baseName, commandOf, type Script, type ScriptKind, wavesOf } from '../../core/greenboot/scripts.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Files } from '../../ports/files.ts';
import type { Processes } from '../../ports/processes.ts';
import type { ScriptLog } from '../../ports/script-log.ts';

export interface ScriptDeps {
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: Processes;
  readonly scriptLog: ScriptLog;
}

export interface ScriptRun {
  /** Time of one script; it is ended after that, with all that it started. */
  readonly timeoutMs: number;
  /** False: one after the other, in the same order. */
  readonly parallel: boolean;
  /** `stop`: after a required script that failed, those of a later number are not run. */
  readonly afterFailure: 'continue' | 'stop';
  /** The end of the time of all: what runs is ended, what has not begun does not. */
  readonly signal: AbortSignal;
}

/** At once, of those that may: enough that waits do not add up, and not all of a hundred. */
const MOST_AT_ONCE = 32;
/** Enough for a first line, and little to read. */
const HEAD_BYTES = 256;

/** The units that ran such scripts under greenboot, which is where people look for what they said. */
const UNITS: Readonly<Record<ScriptKind, string>> = {
  required: 'greenboot-healthcheck.service',
  wanted: 'greenboot-healthcheck.service',
  green: 'greenboot-task-runner.service',
  red: 'redboot-task-runner.service',
};

/**
 * Runs scripts: those of the same number together, numbers one after the other. Never throws, and answers at once when
 * its time is over. Each script is a process group of its own; what it leaves running holds up nobody.
 */
export async function runScripts(
  deps: ScriptDeps,
  scripts: readonly Script[],
  options: ScriptRun,
): Promise<readonly ScriptResult[]> {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const onAbort = () => resolve(null);
  options.signal.addEventListener('abort', onAbort);
  if (options.signal.aborted) onAbort();
  try {
    const results: ScriptResult[] = [];
    for (const wave of wavesOf(scripts)) {
      const failed = results.find(({ kind, outcome }) => kind === 'required' && outcome === 'fail');
      const isStopped = failed !== undefined && options.afterFailure === 'stop';
      const run = (script: Script) =>
        isStopped
          ? notRun(script, 'skip', `was not run, since ${failed.path} had failed`)
          : one(deps, script, options, over);
      results.push(...(await pooled(wave, options.parallel ? MOST_AT_ONCE : 1, run)));
    }
    return results;
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

const notRun = ({ path, kind }: Script, outcome: 'skip' | 'error', reason: string): ScriptResult => ({
  path,
  kind,
  outcome,
  exitStatus: null,
  signal: null,
  durationMs: 0,
  reason,
  output: '',
});

async function one(deps: ScriptDeps, script: Script, options: ScriptRun, over: Promise<null>): Promise<ScriptResult> {
  const { path, kind } = script;
  const say = (priority: number, text: string) =>
    deps.scriptLog.write({ name: baseName(path), unit: UNITS[kind], priority, text });
  const refuse = (reason: string) => {
    say(3, `${path} ${reason}`);
    return notRun(script, 'error', reason);
  };
  if (options.signal.aborted) return refuse('was not run: the time was over before');
  if (script.broken !== null) return refuse(`cannot be run: ${script.broken}`);
  const tell = ({ text, priority }: { text: string; priority: number }) => say(priority, text);
  const outputs = { stdout: new ScriptOutput(tell), stderr: new ScriptOutput(tell) };
  const startedMs = deps.clock.monotonicMs();
  const { timeoutMs, signal } = options;
  let end: { exitCode: number | null; signal: string | null; timedOut: boolean } | null;
  try {
    const running = deps.processes.run(await argvOf(deps.files, path), {
      timeoutMs,
      signal,
      cwd: '/',
      maxOutputBytes: 0,
      keepChildren: true,
      onOutput: (chunk, stream) => outputs[stream].add(chunk),
    });
    // The answer does not wait for a script that takes its time to die.
    end = await Promise.race([running, over]);
    // Nobody looks at it any more.
    if (end === null) running.catch(() => undefined);
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    return refuse(`could not be run: ${messageOf(error)}`);
  }
  const durationMs = deps.clock.monotonicMs() - startedMs;
  for (const output of Object.values(outputs)) output.end();
  const reason = reasonOfEnd({
    exitStatus: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    timedOutMs: end === null || end.timedOut ? durationMs : null,
    lastLine: outputs.stderr.lastLine() ?? outputs.stdout.lastLine(),
  });
  if (reason === '') say(6, `${path} passed in ${formatDuration(durationMs)}`);
  else say(kind === 'required' ? 3 : 4, `${path} ${reason}${kind === 'required' ? '' : '; it costs nothing'}`);
  const output = [outputs.stdout.tail(), outputs.stderr.tail()].filter((text) => text !== '').join('\n');
  const outcome = reason === '' ? 'pass' : 'fail';
  return {
    path,
    kind,
    outcome,
    exitStatus: end?.exitCode ?? null,
    signal: end?.signal ?? null,
    durationMs,
    reason,
    output,
  };
}

async function argvOf(files: Files, path: string): Promise<readonly [string, ...string[]]> {
  const head = await files.readBytes(path, HEAD_BYTES);
  if (head === null) throw new GoodbootError('FILE_UNREADABLE', `${path}: it has vanished`);
  return commandOf(path, await files.place(path), head.toString('latin1'));
}

/** `work` on every item, at most `width` at a time, in order; the results in the order of the items. */
async function pooled<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Result | Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [at, item] of left) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
