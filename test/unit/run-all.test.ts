import { expect, test } from 'vitest';
import { type CheckResult, pass } from '../../src/core/outcome.ts';
import { runAll } from '../../src/node/verdict.ts';
import type { PlannedCheck } from '../../src/ports/check.ts';
import type { CheckRunner } from '../../src/ports/check-runner.ts';
import { fakeClock } from '../helpers/fake-clock.ts';

const checks = ['a', 'b'].map(
  (name): PlannedCheck => ({
    name,
    type: 'x',
    required: true,
    withinMs: 0,
    stableMs: 0,
    timeoutMs: 1000,
    options: {},
  }),
);

async function run(runner: Partial<CheckRunner>) {
  const told: string[] = [];
  const full: CheckRunner = {
    how: 'processes',
    prepare: async () => void told.push('prepared'),
    run: async () => ({ outcome: pass(), durationMs: 1 }),
    ...runner,
  };
  const results = await runAll(
    { runner: full, clock: fakeClock() },
    {
      checks,
      deadlineMs: 1000,
      onStart: (started) => void told.push(`started ${started.map(({ name }) => name)}`),
      onResult: ({ name, outcome }: CheckResult) => void told.push(`${name} ${outcome.state}`),
    },
  );
  return { told, states: results.map(({ outcome }) => outcome.state) };
}

test('checks are said to be started when they are, and each result is told once', async () => {
  expect(await run({})).toEqual({ told: ['prepared', 'started a,b', 'a pass', 'b pass'], states: ['pass', 'pass'] });
});

test('checks that could not even be prepared are told too: a verdict with no reason helps nobody', async () => {
  const prepare = () => Promise.reject(new Error('no room for the plan'));
  expect(await run({ prepare })).toEqual({ told: ['a error', 'b error'], states: ['error', 'error'] });
});

test('one that breaks is told, and says nothing of the others', async () => {
  const { told } = await run({
    run: ({ name }) =>
      name === 'a' ? Promise.reject(new Error('x')) : Promise.resolve({ outcome: pass(), durationMs: 1 }),
  });
  expect(told.toSorted()).toEqual(['a error', 'b pass', 'prepared', 'started a,b']);
});
