import type { Figure } from './figure.ts';
import { bootJudged, EMPTY_SCRIPT, NODE, STOPWATCH } from './lab.ts';
import type { Times, Work } from './stopwatch.ts';

const ROUNDS = 100;
const CHECKS = ['kernel', 'units'] as const;
const EMPTY = 'empty Node script';

/** From the start of one check program to its end, beside a Node script without a line. */
export async function measureStartUp(out: string): Promise<readonly Figure[]> {
  await using machine = await bootJudged(out);
  // The plan of this very boot.
  const input = await machine.read('/run/goodboot/plan.json');
  const checkProgram = '/usr/libexec/goodboot/goodboot-check';
  const work: Work = {
    rounds: ROUNDS,
    programs: {
      [EMPTY]: { argv: [...NODE, EMPTY_SCRIPT], input },
      ...Object.fromEntries(CHECKS.map((name) => [name, { argv: [checkProgram, name], input }])),
    },
  };
  const ran = await machine.exec([...NODE, STOPWATCH], { input: JSON.stringify(work), timeoutMs: 300_000 });
  if (ran.exitCode !== 0) throw new Error(ran.stderr);
  // The stopwatch wrote it a moment ago.
  const times = JSON.parse(ran.stdout) as Times;
  const against: Figure = { name: EMPTY, values: times[EMPTY]!.wall };
  return [
    against,
    ...CHECKS.map(
      (name): Figure => ({
        name: `check program, ${name}`,
        values: times[name]!.wall,
        against,
        goal: { ratio: 1.15 },
      }),
    ),
  ];
}
