import { GoodbootError, messageOf } from './errors.ts';
import { CHECK_EXIT, errored, type Facts, type Outcome, type OutcomeState } from './outcome.ts';

/** What a check program says on stdout: one JSON object, once, just before it ends. */
export interface CheckReport {
  readonly v: 1;
  readonly name: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** CLOCK_MONOTONIC in milliseconds when it was written: a reader knows what is of an earlier run. */
  readonly endedMs: number;
}

/** More than any honest result, and little enough to read without thought. */
export const RESULT_LIMIT_BYTES = 1024 * 1024;

export const resultText = (report: CheckReport): string => `${JSON.stringify(report)}\n`;

/**
 * Reads what a check said. It is data from another process: nothing of it is trusted.
 * @throws GoodbootError RESULT_MISSING, RESULT_INVALID, RESULT_TOO_LARGE
 */
export function parseResult(text: string, name: string): CheckReport {
  if (text === '') throw new GoodbootError('RESULT_MISSING', `${name}: it ended without a result`);
  if (text.length > RESULT_LIMIT_BYTES) {
    throw new GoodbootError('RESULT_TOO_LARGE', `${name}: more than ${RESULT_LIMIT_BYTES} bytes of result`);
  }
  const invalid = (why: string, cause?: unknown) =>
    new GoodbootError('RESULT_INVALID', `${name}: result of ${text.length} bytes: ${why}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(text.endsWith('\n') ? 'not JSON' : 'truncated', messageOf(error));
  }
  if (!isObject(value) || value['v'] !== 1 || value['name'] !== name) throw invalid('not the result of this check');
  const outcome = parseOutcome(value['outcome']);
  const { durationMs, endedMs } = value;
  if (outcome === null || typeof durationMs !== 'number' || typeof endedMs !== 'number')
    throw invalid('without an outcome');
  return { v: 1, name, outcome, durationMs, endedMs };
}

/** The state that an exit status stands for; null when it stands for none. */
export function stateOfExit(exitStatus: number): OutcomeState | null {
  for (const [state, status] of Object.entries(CHECK_EXIT) as [OutcomeState, number][]) {
    if (status === exitStatus) return state;
  }
  return null;
}

/** The result and the exit status say the same thing twice; where they differ, nobody can tell. */
export function agreedOutcome(text: string, exitStatus: number, name: string): Outcome {
  const state = stateOfExit(exitStatus);
  if (state === null) return errored('CHECK_CRASHED', `it ended with exit status ${exitStatus} and no answer`);
  try {
    const { outcome } = parseResult(text, name);
    if (outcome.state === state) return outcome;
    return errored('RESULT_INVALID', `its result says ${outcome.state}, its exit status says ${state}`);
  } catch (error) {
    if (!(error instanceof GoodbootError)) throw error;
    return errored(error.code, `${error.message} (exit status ${exitStatus})`);
  }
}

function parseOutcome(value: unknown): Outcome | null {
  if (!isObject(value)) return null;
  const { state, reason, code, facts = {} } = value;
  if (!isFacts(facts)) return null;
  if (state === 'pass') return { state, facts };
  if (typeof reason !== 'string') return null;
  switch (state) {
    case 'fail':
      return { state, reason, facts };
    case 'skip':
      return { state, reason };
    case 'error':
      return typeof code === 'string' ? { state, reason, code, facts } : null;
    default:
      return null;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** JSON gives nothing but facts: a plain object is enough to know. */
const isFacts = (value: unknown): value is Facts => isObject(value);
