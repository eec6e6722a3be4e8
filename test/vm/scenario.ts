import { test } from 'vitest';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';

/** Much longer than any takes, also where the machine shares its processors with others. */
const TIMEOUT_MS = 2_400_000;

/** The test of a scenario. One that is not in the registry is an error: it would have no name for people. */
export function scenario(name: ScenarioName, play: () => Promise<void>): void {
  if (!SCENARIOS.some((known) => known.name === name)) throw new Error(`${name}: not in test/vm/scenarios.ts`);
  test(name, { timeout: TIMEOUT_MS }, play);
}
