import { formatDuration } from '../core/duration.ts';
import { messageOf } from '../core/errors.ts';
import type { VerdictReport } from '../core/verdict-report.ts';
import type { Files } from '../ports/files.ts';
import type { Journal } from '../ports/journal.ts';
import type { RunResult } from '../ports/processes.ts';
import type { ServiceManager } from '../ports/service-manager.ts';
import { why } from './announce.ts';
import { hasGreenbootHooks, runGreenbootHooks } from './greenboot/hooks.ts';
import type { ScriptDeps } from './greenboot/run-scripts.ts';
import { readVerdict, VERDICT_PATH } from './verdict-file.ts';

/** `green`: this boot is good; `red`: it is bad, or it cannot be told. */
export type Colour = 'green' | 'red';

/** Vendor first: a file of the same name in the second counts instead. */
const DIRECTORIES = ['/usr/lib/goodboot', '/etc/goodboot'] as const;
/** TimeoutStartSec= and TimeoutStopSec= of the unit, and some time for systemd. */
const WAIT_MS = (5 * 60 + 30) * 1000;

/** The hooks of a colour in the order of their names. A link to /dev/null takes one out. */
export async function findHooks(files: Files, colour: Colour): Promise<readonly { name: string; path: string }[]> {
  const found = new Map<string, string | null>();
  for (const directory of DIRECTORIES) {
    const below = `${directory}/${colour}.d`;
    for (const name of (await files.list(below)) ?? []) {
      if (name.startsWith('.')) continue;
      const path = `${below}/${name}`;
      found.set(name, (await files.readLink(path)) === '/dev/null' ? null : path);
    }
  }
  const names = [...found.keys()].sort();
  return names.flatMap((name) => {
    const path = found.get(name);
    return path ? [{ name, path }] : [];
  });
}

export interface StartHooksDeps {
  readonly files: Files;
  readonly journal: Journal;
  readonly manager: ServiceManager;
}

/**
 * Has systemd run the hooks for this verdict, outside of the sandbox that the verdict is made in, and waits for their
 * end. Nothing is run where the boot had a verdict of that colour before (`before`). Trouble is said, and changes nothing.
 */
export async function startHooks(
  { files, journal, manager }: StartHooksDeps,
  report: VerdictReport,
  before: VerdictReport | null,
): Promise<void> {
  const colour = colourOf(report);
  const isAgain = before?.bootId === report.bootId && colourOf(before) === colour;
  if (colour === null || isAgain) return;
  try {
    const isAny = (await findHooks(files, colour)).length > 0 || (await hasScripts(files, colour, report));
    if (!isAny) return;
    const unit = `goodboot-hooks@${colour}.service`;
    await manager.resetFailed(unit);
    const { result } = await manager.start(unit, AbortSignal.timeout(WAIT_MS));
    if (result !== 'done') throw new Error(`${unit} ended with ${result}`);
  } catch (error) {
    journal.event('hooks-not-run', { GOODBOOT_VERDICT: report.verdict, GOODBOOT_REASON: messageOf(error) });
  }
}

/** Scripts of greenboot are hooks where its checks are run: elsewhere greenboot is none of goodboot's business. */
const runsGreenboot = ({ checks }: VerdictReport): boolean => checks.some(({ type }) => type === 'greenboot');

const hasScripts = async (files: Files, colour: Colour, report: VerdictReport): Promise<boolean> =>
  runsGreenboot(report) && (await hasGreenbootHooks(files, colour));

/** Null: good, but what has to follow from that failed, such as the mark. */
function colourOf({ verdict, actions }: VerdictReport): Colour | null {
  if (verdict !== 'good') return 'red';
  return actions.some(({ result }) => result === 'failed') ? null : 'green';
}

export interface RunHooksDeps extends ScriptDeps {
  readonly journal: Journal;
  readonly say: (line: string) => void;
}

/** Runs the hooks, one after the other, each bounded; one that fails is said, and the next one runs. */
export async function runHooks(deps: RunHooksDeps, colour: Colour, timeoutMs: number): Promise<void> {
  const { files, journal, processes, say } = deps;
  const report = await readVerdict(files);
  const env = report === null ? {} : environmentOf(report);
  for (const { name, path } of await findHooks(files, colour)) {
    const ended = await processes.run([files.resolve(path)], { timeoutMs, env }).catch((error: unknown) => error);
    const ran = isResult(ended) ? ended : null;
    for (const line of ran === null ? [] : linesOf(ran)) say(`${name}: ${line}`);
    const failure = ran === null ? messageOf(ended) : failureOf(ran, timeoutMs);
    if (failure === null) continue;
    const duration = Math.round((ran?.durationMs ?? 0) * 1000);
    journal.event('hook-failed', { GOODBOOT_HOOK: path, GOODBOOT_REASON: failure, GOODBOOT_DURATION_USEC: duration });
  }
  if (report !== null && runsGreenboot(report)) await runScriptHooks(deps, colour, timeoutMs);
}

/** The scripts in greenboot's green.d or red.d. What they say goes to the journal under their own names. */
async function runScriptHooks(deps: RunHooksDeps, colour: Colour, timeoutMs: number): Promise<void> {
  const signal = new AbortController().signal; // the unit bounds all hooks together
  const { results, notes } = await runGreenbootHooks(deps, colour, { timeoutMs, signal });
  for (const note of notes) deps.say(note);
  for (const { path, reason, durationMs } of results) {
    if (reason === '') continue;
    const duration = Math.round(durationMs * 1000);
    deps.journal.event('hook-failed', {
      GOODBOOT_HOOK: path,
      GOODBOOT_REASON: reason,
      GOODBOOT_DURATION_USEC: duration,
    });
  }
}

const environmentOf = (report: VerdictReport): Readonly<Record<string, string>> => ({
  GOODBOOT_VERDICT: report.verdict,
  GOODBOOT_DEPLOYMENT: report.deployment?.id ?? '',
  GOODBOOT_STANDING: report.standing,
  GOODBOOT_REASON: why(report),
  GOODBOOT_VERDICT_FILE: VERDICT_PATH,
});

const isResult = (ended: unknown): ended is RunResult => Object.hasOwn(Object(ended), 'exitCode');

const linesOf = ({ stdout, stderr, truncated }: RunResult): readonly string[] => [
  ...`${stdout}\n${stderr}`.split('\n').filter((line) => line !== ''),
  ...(truncated ? ['it said more than is kept'] : []),
];

function failureOf({ exitCode, signal, timedOut }: RunResult, timeoutMs: number): string | null {
  if (timedOut) return `it did not end within ${formatDuration(timeoutMs)}, and was ended with all its children`;
  if (signal !== null) return `it was ended by ${signal}`;
  return exitCode === 0 ? null : `exit status ${exitCode}`;
}
