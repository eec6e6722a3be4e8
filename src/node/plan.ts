import { GoodbootError, messageOf } from '../core/errors.ts';
import type { PlannedCheck } from '../ports/check.ts';

/** The checks of this boot, validated and with all defaults filled in: the configuration is parsed once, by the verdict. */
export interface Plan {
  readonly v: 1;
  readonly checks: readonly PlannedCheck[];
}

export const PLAN_PATH = '/run/goodboot/plan.json';

export const planText = (checks: readonly PlannedCheck[]): string =>
  `${JSON.stringify({ v: 1, checks } satisfies Plan)}\n`;

/** @throws GoodbootError PLAN_UNREADABLE */
export function parsePlan(text: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GoodbootError('PLAN_UNREADABLE', `${text.length} bytes that are not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (!isPlan(value)) throw new GoodbootError('PLAN_UNREADABLE', 'not a plan of this version');
  return value;
}

/** The verdict of the same release wrote it, so its version and its form at the top are enough. */
const isPlan = (value: unknown): value is Plan =>
  value !== null &&
  typeof value === 'object' &&
  'v' in value &&
  value.v === 1 &&
  'checks' in value &&
  Array.isArray(value.checks);
