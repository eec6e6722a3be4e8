import type { Figure } from './figure.ts';
import { bootJudged, EMPTY_SCRIPT, NODE, STOPWATCH } from './lab.ts';
import { buildCandidates, RUNTIME, SHIPPED, TIME } from './sea/candidates.ts';
import type { Times, Work } from './stopwatch.ts';

const ROUNDS = 40;
/** A program's size hardly differs from run to run. */
const SIZE_ROUNDS = 3;
const EMPTY = 'empty Node script';
const GOAL = { ratio: 1.15 };

/** Ways to start the single executable, beside a Node script without a line: time, and the largest resident set. */
export async function measureSea(out: string): Promise<readonly Figure[]> {
  await using machine = await bootJudged(out);
  const plan = await machine.read('/run/goodboot/plan.json');
  const programs: Record<string, Work['programs'][string]> = { [EMPTY]: { argv: [RUNTIME, EMPTY_SCRIPT], input: '' } };
  for (const { name, goodboot, check } of await buildCandidates(machine)) {
    programs[`${name}: kernel`] = { argv: [check, 'kernel'], input: plan };
    programs[`${name}: units`] = { argv: [check, 'units'], input: plan };
    programs[`${name}: --version`] = { argv: [goodboot, '--version'], input: '' };
    programs[`${name}: config check`] = { argv: [goodboot, 'config', 'check'], input: '' };
  }
  const work: Work = { rounds: ROUNDS, programs };
  const ran = await machine.exec([NODE[0], '--disable-warning=ExperimentalWarning', STOPWATCH], {
    input: JSON.stringify(work),
    timeoutMs: 600_000,
  });
  if (ran.exitCode !== 0) throw new Error(ran.stderr);
  // The stopwatch wrote it a moment ago.
  const times = JSON.parse(ran.stdout) as Times;
  const figures = (what: 'wall' | 'cpu'): readonly Figure[] => {
    const against: Figure = { name: `${what}: ${EMPTY}`, values: times[EMPTY]![what] };
    return Object.entries(times).map(([name, values]) => {
      if (name === EMPTY) return against;
      const isAimedAt = what === 'wall' && [`${SHIPPED}: kernel`, `${SHIPPED}: units`].includes(name);
      return { name: `${what}: ${name}`, values: values[what], against, ...(isAimedAt ? { goal: GOAL } : {}) };
    });
  };
  const sizes: Figure[] = [];
  for (const [name, { argv, input }] of Object.entries(programs)) {
    const values: number[] = [];
    for (let round = 0; round < SIZE_ROUNDS; round += 1) {
      await machine.exec([TIME, '-o', '/run/bench-size', '-f', '%M', ...argv], { input });
      values.push(Number((await machine.read('/run/bench-size')).trim()) / 1024);
    }
    sizes.push({ name: `resident, MiB: ${name}`, values });
  }
  return [...figures('wall'), ...figures('cpu'), ...sizes];
}
