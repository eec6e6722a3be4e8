/**
 * Runs programs again and again and takes their wall time. A program of its own, since it also runs inside a machine:
 * it reads its work from stdin and answers with a JSON object, the times of each program in milliseconds.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What is to be measured. */
export interface Work {
  readonly rounds: number;
  readonly programs: Readonly<Record<string, { readonly argv: readonly string[]; readonly input: string }>>;
}

export type Times = Readonly<Record<string, readonly number[]>>;

/** Rounds that do not count: files come into the page cache. */
const WARM_UP = 5;
const TIMEOUT_MS = 30_000;

function measure({ rounds, programs }: Work): Times {
  const names = Object.keys(programs);
  const times: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -WARM_UP; round < rounds; round += 1) {
    // Another one begins in each round, so that none is always behind the same.
    for (const index of names.keys()) {
      const name = names[(index + round + WARM_UP) % names.length]!;
      const { argv, input } = programs[name]!;
      const [file = '', ...args] = argv;
      const start = process.hrtime.bigint();
      const { status, stderr, error } = spawnSync(file, args, { input, timeout: TIMEOUT_MS });
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (status !== 0) throw new Error(`${name}: exit status ${status}\n${stderr}`, { cause: error });
      if (round >= 0) times[name]!.push(ms);
    }
  }
  return times;
}

// This file is written by main.ts's own release: its input is what it should be.
process.stdout.write(JSON.stringify(measure(JSON.parse(readFileSync(0, 'utf8')) as Work)));
