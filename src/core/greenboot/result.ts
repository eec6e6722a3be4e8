import { formatDuration } from '../duration.ts';
import { errored, type Fact, fail, type Outcome, pass, skip } from '../outcome.ts';
import type { NotRun, ScriptKind } from './scripts.ts';

/** How one script ended. `error`: it could not be run; `skip`: another one had failed before. */
export interface ScriptResult {
  readonly path: string;
  readonly kind: ScriptKind;
  readonly outcome: 'pass' | 'fail' | 'error' | 'skip';
  /** Null: a signal ended it, or it did not run. */
  readonly exitStatus: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  /** What was seen, without the path in front; empty for a pass. */
  readonly reason: string;
  /** The end of what it said, stdout before stderr. */
  readonly output: string;
}

/** Everything that one run of the check found out. */
export interface RunFacts {
  readonly results: readonly ScriptResult[];
  readonly notRun: readonly NotRun[];
  readonly unknownDisabled: readonly string[];
  /** What could not be looked into for required scripts, with the reason. */
  readonly unreadable: readonly string[];
  /** What else is worth saying: of the configuration, of units that were waited for. */
  readonly notes: readonly string[];
}

/** Kept of the output of all scripts together, in characters of JSON; a result holds 1 MiB. */
const OUTPUT_BUDGET = 256 * 1024;

/** What the scripts say of this boot. Only required ones can cost it; of the others a failure stands in the facts. */
export function outcomeOf(facts: RunFacts): Outcome {
  const required = facts.results.filter(({ kind }) => kind === 'required');
  const failed = required.filter(({ outcome }) => outcome === 'fail');
  const unknown = required.filter(({ outcome }) => outcome === 'error');
  const told = toldOf(facts);
  const sentence = [...failed, ...unknown].map(sentenceOf).concat(facts.unreadable).join('; ');
  if (failed.length > 0) return fail(`${sentence}; exit status 0 was wanted`, told);
  if (sentence !== '') return errored('SCRIPT_NOT_RUN', sentence, told);
  if (facts.results.length > 0) return pass(told);
  const left = facts.notRun.length === 0 ? '' : ` (${facts.notRun.length} files are there that are not run)`;
  return skip(`there is no script in the directories of greenboot${left}`);
}

/** "/etc/… ended with exit status 1 and said "…"". */
export const sentenceOf = ({ path, reason }: Pick<ScriptResult, 'path' | 'reason'>): string => `${path} ${reason}`;

function toldOf({ results, notRun, unknownDisabled, unreadable, notes }: RunFacts): Readonly<Record<string, Fact>> {
  let left = OUTPUT_BUDGET;
  // What failed is what people look for.
  const first = results.toSorted((one, other) => weight(one) - weight(other));
  const kept = new Map<ScriptResult, string>();
  for (const result of first) {
    const size = JSON.stringify(result.output).length;
    if (size <= left) kept.set(result, result.output);
    left -= Math.min(left, size);
  }
  return {
    scripts: results.map((result) => ({
      path: result.path,
      required: result.kind === 'required',
      outcome: result.outcome,
      exitStatus: result.exitStatus,
      signal: result.signal,
      durationMs: Math.round(result.durationMs),
      reason: result.reason,
      output: kept.get(result) ?? null,
    })),
    notRun: notRun.map(({ path, why }) => ({ path, why })),
    unknownDisabled,
    unreadable,
    notes,
  };
}

const weight = ({ outcome }: ScriptResult): number => (outcome === 'fail' || outcome === 'error' ? 0 : 1);

/** Why a script that ended did not pass; empty when it did. */
export function reasonOfEnd(end: {
  readonly exitStatus: number | null;
  readonly signal: string | null;
  readonly timedOutMs: number | null;
  readonly lastLine: string | null;
}): string {
  const { exitStatus, signal, timedOutMs, lastLine } = end;
  if (exitStatus === 0 && timedOutMs === null) return '';
  const said = lastLine === null ? '' : ` and said "${lastLine}"`;
  if (timedOutMs !== null) return `did not end within ${formatDuration(timedOutMs)}${said}`;
  if (exitStatus === null) return `was ended by ${signal ?? 'nobody knows what'}${said}`;
  return `ended with exit status ${exitStatus}${said}`;
}
